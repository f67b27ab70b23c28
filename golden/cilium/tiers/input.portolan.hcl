# Tiers become one level where that means the same: what an earlier tier allows is taken out of a later deny.
tier "platform" {
  order = 100
  allow "quarantine.suspect" to cluster { tcp = [9090] }
}

tier "security" {
  order = 200
  deny quarantine to cluster { tcp = any }
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow "quarantine.suspect" to web {
    tcp = [80]
    udp = [80]
  }
}

namespace "quarantine" {
  managed = false
  workload "suspect" { labels = { zone = "red" } }
}
