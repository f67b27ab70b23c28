# After its last day an accept is an error, and nothing is written for the target.
# The other target is rendered.
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
    rules  = ["shop/web->api"]
    reason = "until the migration in summer"
    until  = "2020-08-31"
  }
}

target "new" { cni = "cilium" }
