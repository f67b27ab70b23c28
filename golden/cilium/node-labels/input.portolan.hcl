# Nodes by label are other nodes than the pod's own: enough towards pods, whose own node reaches them anyway, and never enough
# from pods.
nodes "gateways" { labels = { role = ["gateway", "edge"] } }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow gateways to web { tcp = [8080] }
  deny "debugging" {
    from = [gateways]
    to   = [self]
    tcp  = [8081]
    at   = "destination"
  }
}
