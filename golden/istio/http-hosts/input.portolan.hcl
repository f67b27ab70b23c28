# The host of a request may carry its port.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels = { app = "api" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
  allow web to api {
    tcp  = ["http"]
    http = [{ hosts = ["api.example.com", "api.shop"] }]
  }
}
