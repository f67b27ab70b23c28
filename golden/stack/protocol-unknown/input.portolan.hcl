# Whether a port is HTTP to the mesh hangs on what it speaks, which nobody said.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
    ports           = { http = 8080 }
  }

  allow web to api {
    tcp  = ["http"]
    http = ["GET /orders/**"]
  }
}
