# Two peers without accounts and with different requests: left out, each could send
# the other's.
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
