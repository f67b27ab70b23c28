# One level cannot keep the order where a part of a deny has no form of its own: all traffic without one port.
tier "platform" {
  order = 100
  allow "ops.scraper" to cluster { tcp = [9090] } # want P4006 "one level"
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
