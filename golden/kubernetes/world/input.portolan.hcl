# The outside without pods and nodes, whose ranges an ipBlock may match as well.
cluster {
  pod_cidrs  = ["10.244.0.0/16", "fd00:244::/56"]
  node_cidrs = ["192.168.10.0/24"]
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow world to web { tcp = [443] }
  allow web to world { tcp = [443] }
}
