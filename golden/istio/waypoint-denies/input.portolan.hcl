# A deny of requests holds at the waypoint, so that nobody of the mesh gets past it
# at that port.
namespace "shop" {
  waypoint = "way"
  mtls     = "strict"
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "job" {
    labels          = { app = "job" }
    service_account = "job"
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
    ports           = { http = { port = 8080, protocol = "http" }, grpc = { port = 9090, protocol = "grpc" } }
    services        = { api = { 80 = "http" }, api-grpc = "grpc" }
  }
  allow web to api { tcp = ["http", "grpc"] }
  allow job to api { tcp = ["grpc"] }
  deny web to api {
    name = "no-admin"
    tcp  = ["http"]
    http = ["* /admin/**"]
  }
  deny job to web {}
}
