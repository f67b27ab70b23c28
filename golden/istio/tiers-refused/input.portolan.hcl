# The deny's exception is an address that cannot be taken out of a set of pods.
namespace "shop" {
  mtls = "strict"
  workload "api" {
    labels = { app = "api" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
}
tier "first" {
  order = 100
  allow "some" {
    from = ["shop.api"]
    to   = ["shop.api"]
    tcp  = [8080]
    http = ["GET /"]
  }
}
tier "second" {
  order = 200
  deny "rest" { # want P4006 "exact form"
    from = [shop]
    to   = [shop]
    tcp  = [8080]
  }
}
