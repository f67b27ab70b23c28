# With a mesh Calico has addresses and ports, and the mesh has requests and mutual TLS.
namespace "shop" {
  mtls = "strict"
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
    ports           = { http = { port = 8080, protocol = "http" } }
  }
  allow web to api {
    tcp  = ["http"]
    http = ["GET /api/**"]
  }
}
