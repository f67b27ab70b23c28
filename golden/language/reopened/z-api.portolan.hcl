namespace "shop" {
  default_deny = "ingress"
  workload "api" { labels = { app = "api" } }
}
