# Nodes are addresses. A pod's own node reaches it anyway; the others and egress need a rule.
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["192.168.10.0/24"]
}

namespace "shop" {
  workload "agent" { labels = { app = "agent" } }
  allow nodes to agent { tcp = [9100] }
  allow agent to nodes { tcp = [10250] }
}
