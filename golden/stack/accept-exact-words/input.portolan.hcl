# Each word is for each rule of the block: what a rule does not lack is a warning.
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
    lacks  = ["http", "grpc"]
    rules  = ["shop/web->api"]
    reason = "the api checks methods itself"
  }
}
