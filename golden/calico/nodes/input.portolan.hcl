# Nodes are known by the addresses that the facts state.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow nodes to web { tcp = [8080] }
  allow web to nodes { tcp = [9100] }
}
cluster {
  pod_cidrs  = ["10.244.0.0/16", "fd00:10:244::/56"]
  node_cidrs = ["10.0.0.0/24", "fd00:10::/64"]
}
