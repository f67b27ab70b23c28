# A deny of some senders is the CNI's at the pods, and the mesh's at the waypoint, where the CNI sees nobody else.
# An allow at the destination lets the pods reach themselves, and their own egress stays closed.
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.10.0.0/24"]
}

namespace "shop" {
  waypoint = "way"
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
    ports           = { http = { port = 8080, protocol = "http" } }
    services        = { web = { 80 = "http" } }
  }
  deny others to web {}
  allow "cluster" {
    from = [cluster]
    to   = [web]
    tcp  = any
    at   = "destination"
  }
}
