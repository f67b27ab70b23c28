# A deny after an allow of some requests: those cannot be taken out of the deny.
namespace "shop" {
  mtls = "strict"
  workload "api" {
    labels = { app = "api" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
}
tier "first" {
  order = 100
  allow "some" { # want P4006 "exact form"
    from = ["shop.api"]
    to   = ["shop.api"]
    tcp  = [8080]
    http = ["GET /"]
  }
}
tier "second" {
  order = 200
  deny "rest" {
    from = [shop]
    to   = [shop]
    tcp  = [8080]
  }
}
