# A deny of all but one port that an earlier tier allows has no form in one level of deny over allow, and has one in tiers.
tier "platform" {
  order = 100
  allow "ops.scraper" to cluster { tcp = [9090] }
}

tier "security" {
  order = 200
  deny ops to cluster {}
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow self to web { tcp = [80] }
}

namespace "ops" {
  managed = false
  workload "scraper" { labels = { app = "scraper" } }
}
