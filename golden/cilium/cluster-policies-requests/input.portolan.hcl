# A tier with requests is flattened as without ClusterNetworkPolicy, which has none.
tier "platform" {
  order = 100
  allow "reads" {
    from = [shop.web]
    to   = [shop.api]
    tcp  = [8080]
    http = ["GET /**"]
  }
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
}
