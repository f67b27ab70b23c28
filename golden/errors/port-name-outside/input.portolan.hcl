# Ports have names on pods, not outside the cluster.
external "office" { cidrs = ["198.51.100.0/24"] }
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to office { tcp = ["http"] } # want P2004 "\"http\" is the name of a port"
}
