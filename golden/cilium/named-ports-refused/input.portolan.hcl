# Before 1.20 a name in egress had to be one number in the whole cluster.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "sidecar" { labels = { app = "sidecar" } }
  allow web to sidecar { tcp = ["admin"] } # want P4008 "before 1.20"
}
