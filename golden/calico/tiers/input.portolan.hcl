# A tier of the intent is a Tier of Calico: denies, passes, allows, each at its fixed order.
external "abuse" { cidrs = ["192.0.2.0/24"] }
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [5432] }
}
tier "security" {
  description = "what no team can open"
  order       = 100
  deny abuse to cluster {}
  pass "shop.web" to "shop.db" { tcp = [5432] }
  deny backdoor {
    from = [cluster]
    to   = ["shop.db"]
    tcp  = any
  }
}
tier "platform" {
  order = 200
  allow monitoring to cluster { tcp = [9090] }
}
namespace "monitoring" { managed = false }
