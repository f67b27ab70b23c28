# One loss is accepted, the other is not: the target stays refused.
external "cards" { fqdns = ["api.cards.example"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }

  allow web to api {
    tcp  = [8080]
    http = ["GET /orders/**"]
  }
  allow web to cards { tcp = [443] }
}

target "plain" {
  cni = "kubernetes"
  accept "widened" {
    lacks  = ["http"]
    rules  = ["shop/web->api"]
    reason = "the api checks methods itself"
  }
}
