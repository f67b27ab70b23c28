# What the target can say needs no accept: a warning, so that it does not stay.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }

  allow web to api {
    tcp  = [8080]
    http = ["GET /orders/**"]
  }
}

target "eu" {
  cni = "cilium"
  accept "widened" {
    lacks  = ["http"]
    rules  = ["shop/web->api"]
    reason = "a leftover"
  }
}
