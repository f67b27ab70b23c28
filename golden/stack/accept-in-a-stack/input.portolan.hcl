# An accept of a stack is about the stack as a whole.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "jobs" { labels = { app = "jobs" } }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
    ports           = { http = { port = 8080, protocol = "http" } }
  }

  allow web to api {
    tcp  = ["http"]
    http = ["GET /orders/**"]
  }
  allow jobs to api {
    tcp  = ["http"]
    http = ["POST /orders"]
  }
}

target "eu" {
  cni  = "calico"
  mesh = "istio"
  accept "widened" {
    lacks  = ["identity"]
    rules  = ["shop/jobs->api", "shop/web->api"]
    reason = "both are ours, and accounts come in spring"
    until  = "2099-04-30"
  }
}
