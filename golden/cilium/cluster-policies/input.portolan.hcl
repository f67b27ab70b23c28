# Where ClusterNetworkPolicy is enabled, tiers are policies of its tier Admin: an allow is final before the denies and requests of
# other policies, and a pass leaves the tier. What it cannot name, such as the outside as a sender, stays with Cilium's own.
external "partner" { cidrs = ["198.51.100.0/24"] }

tier "platform" {
  order = 100
  allow "scrapes" {
    from = [monitoring.prometheus]
    to   = [shop]
    tcp  = [9090]
  }
  pass "checked" {
    from = [monitoring]
    to   = [shop.api]
    tcp  = [8080]
  }
}

tier "security" {
  order = 200
  deny "no-monitoring" {
    from = [monitoring]
    to   = [cluster]
  }
  deny "no-partner" {
    from = [shop.web]
    to   = [partner]
  }
  deny "not-from-partner" {
    from = [partner]
    to   = [cluster]
    tcp  = [22]
  }
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow others to web { tcp = [8080, 9090] }
  allow monitoring to api { tcp = [8080] }
  allow web to world { tcp = [443] }
  deny "no-debugging" {
    from = [cluster]
    to   = [self]
    tcp  = [9091]
  }
}

namespace "monitoring" {
  managed = false
  workload "prometheus" { labels = { app = "prometheus" } }
}
