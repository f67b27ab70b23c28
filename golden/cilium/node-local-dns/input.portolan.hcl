# A node-local DNS cache is the node to Cilium: accepted, its DNS port is open whatever address of the node it has.
cluster {
  dns { node_local = ["169.254.20.10/32"] }
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to world { tcp = [443] }
}

target "cilium" {
  cni = "cilium"

  accept "widened" {
    lacks  = ["identity"]
    rules  = ["shop"]
    reason = "nothing else listens on port 53 of our nodes"
  }
}
