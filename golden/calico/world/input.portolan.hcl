# The world is every address that is no pod's and no node's by the facts.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow world to web { tcp = [443] }
  allow web to world { tcp = [443] }
}
cluster {
  pod_cidrs  = ["10.244.0.0/16", "fd00:10:244::/56"]
  node_cidrs = ["10.0.0.0/24", "fd00:10::/64"]
}
