# What a tier passes on is decided by the rules; its deny has the rest.
namespace "shop" {
  mtls = "strict"
  workload "api" { labels = { app = "api" } }
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  allow self to api { tcp = [8080] }
}
tier "gate" {
  order   = 100
  default = "deny"
  pass "web" {
    from = ["shop.web"]
    to   = ["shop.api"]
    tcp  = [8080]
    at   = "destination"
  }
}
