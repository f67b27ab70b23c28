# Nodes by their stated ranges.
cluster {
  node_cidrs = ["192.168.0.0/24"]
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow nodes to web { tcp = [8443] }
}
