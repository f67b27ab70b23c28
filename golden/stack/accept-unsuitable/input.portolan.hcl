# A loss and a word that do not go together: nothing of the rule would be left to
# widen, and requests are a verdict.
namespace "shop" {
  mtls = "strict"
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }

  allow web to api {
    tcp  = [8080]
    http = ["GET /orders/**"]
  }
}

target "plain" {
  cni = "kubernetes"
  accept "unenforced" {
    lacks  = ["http"]
    rules  = ["shop/web->api"]
    reason = "there is no such loss"
  }
  accept "widened" {
    lacks  = ["mtls"]
    rules  = ["shop"]
    reason = "nor such a one"
  }
}
