# Tiers become one level where that means the same: an earlier allow takes its part out of a later deny.
tier "platform" {
  order = 100
  allow "ops.scraper" to cluster { tcp = [9090] }
}

tier "security" {
  order = 200
  deny "quarantine.any" to cluster {}
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow "quarantine.any" to web { tcp = [80] }
}

namespace "ops" {
  managed = false
  workload "scraper" { labels = { app = "scraper" } }
}

namespace "quarantine" {
  managed = false
  workload "any" { labels = { zone = "red" } }
}
