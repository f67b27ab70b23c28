# The same without a rule to dns: the tier would end what keeps DNS reachable.
namespace "shop" {
  workload "api" { labels = { app = "api" } }
  workload "db" { labels = { app = "db" } }
  allow api to db { tcp = [5432] }
}

tier "data" {
  order   = 300
  default = "deny"
  allow "shop.api" to "shop.db" { tcp = [5432] }
}
