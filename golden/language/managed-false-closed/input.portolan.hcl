# Where the cluster's default closes it, its owner has to open it: a warning.
cluster { default_deny = "both" }

namespace "monitoring" {
  managed = false
  workload "collector" { labels = { app = "collector" } }
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to "monitoring.collector" { tcp = [4317] }
}
