# A node-local DNS cache is the entity host on port 53: Cilium knows a node's addresses as the node.
cluster {
  dns { node_local = ["169.254.20.10/32"] }
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to world { tcp = [443] }
}
