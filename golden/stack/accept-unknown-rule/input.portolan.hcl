# An accept names rules by their exact addresses.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }

  allow web to api {
    tcp  = [8080]
    http = ["GET /orders/**"]
  }
}

target "plain" {
  cni = "kubernetes"
  accept "widened" {
    lacks  = ["http"]
    rules  = ["shop/web->apis"]
    reason = "the api checks methods itself"
  }
}
