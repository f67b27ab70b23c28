# Where nodes and pods share their range an address does not tell which of them it is.
cluster {
  pod_cidrs  = ["10.0.0.0/16"]
  node_cidrs = ["10.0.0.0/16"]
}

namespace "shop" {
  workload "agent" { labels = { app = "agent" } }
  allow nodes to agent { tcp = [9100] } # want P4101 "the same ones"
}
