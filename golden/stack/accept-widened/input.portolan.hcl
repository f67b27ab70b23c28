# "widened" takes the requests out of the rule, and nothing else of it.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }

  allow web to api {
    tcp  = [8080]
    http = ["GET /orders/**"]
  }
}

target "plain" {
  cni = "calico"
  accept "widened" {
    lacks  = ["http"]
    rules  = ["shop/web->api"]
    reason = "the api checks methods itself"
  }
}
