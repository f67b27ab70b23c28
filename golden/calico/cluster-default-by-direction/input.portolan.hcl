# A namespace that opens one direction is spared by the cluster's default in that direction only.
cluster { default_deny = "both" }
namespace "batch" {
  default_deny = "egress"
  workload "job" { labels = { app = "job" } }
  allow job to self { tcp = [8080] }
}
