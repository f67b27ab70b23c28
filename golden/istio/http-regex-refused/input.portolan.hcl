# Istio has no regular expressions for paths.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels = { app = "api" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
  allow web to api { # want P4001 "regular expressions"
    tcp  = ["http"]
    http = ["GET ~/v[0-9]+/.*"]
  }
}
