# A rule for every namespace is a clusterwide policy where it denies; an allow opens the closed ones only.
cluster { default_deny = "ingress" }

external "metadata" { cidrs = ["169.254.169.254/32"] }

deny cluster to metadata {}
allow "ops.scraper" to cluster { tcp = [9090] }

namespace "ops" {
  managed = false
  workload "scraper" { labels = { app = "scraper" } }
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow world to web { tcp = [443] }
}
