# What a namespace closes by default, and what a workload says for itself: the
# strictest among the workloads that a pod matches, else its namespace's.
namespace "both" {
  workload "a" { labels = { app = "a" } }
  allow a to world { tcp = [443] }
}

namespace "ingress" {
  default_deny = "ingress"
  workload "a" { labels = { app = "a" } }
  workload "b" {
    labels       = { app = "b" }
    default_deny = "both"
  }
  allow a to b { tcp = [80] }
}

namespace "egress" {
  default_deny = "egress"
  workload "a" { labels = { app = "a" } }
  workload "open" {
    labels       = { app = "open" }
    default_deny = "none"
  }
  allow a to open { tcp = [80] }
}

namespace "none" {
  default_deny = "none"
  workload "a" { labels = { app = "a" } }
  workload "strict" {
    labels       = { app = "a", strict = "yes" }
    default_deny = "ingress"
  }
  allow a to strict { tcp = [80] }
}

cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.10.0.0/24"]
}
