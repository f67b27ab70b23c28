# What a waypoint decides stands at Services and speaks of their ports; ztunnel
# lets the waypoint in at the pods, and who has a rule without requests.
namespace "shop" {
  waypoint = "waypoint"
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
    ports           = { http = { port = 8080, protocol = "http" }, metrics = 9090 }
    services        = { api = { 80 = "http" } }
  }
  allow web to api {
    tcp  = ["http"]
    http = ["GET /items/**"]
  }
  allow "monitoring.prometheus" to api { tcp = ["metrics"] }
}

namespace "monitoring" {
  managed = false
  workload "prometheus" {
    labels          = { app = "prometheus" }
    service_account = "prometheus"
  }
}
