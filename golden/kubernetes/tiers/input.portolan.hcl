# Tiers become the allows that they leave: what an earlier tier allows stays, what it denies goes.
tier "platform" {
  order = 100
  allow "scrapes" {
    from = [monitoring.prometheus]
    to   = [shop]
    tcp  = [9090]
  }
}

tier "security" {
  order = 200
  deny "no-monitoring" {
    from = [monitoring]
    to   = [shop]
  }
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow others to web { tcp = [8080] }
}

namespace "monitoring" {
  managed = false
  workload "prometheus" { labels = { app = "prometheus" } }
}
