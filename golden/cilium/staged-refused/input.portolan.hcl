# Cilium stages no single rule.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { # want P4012 "stages no single rule"
    tcp  = [5432]
    mode = "staged"
  }
}
