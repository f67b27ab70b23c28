# Both may reach the port, and the mesh cannot tell whose request it is: what one
# may ask the other could.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "apps"
  }
  workload "jobs" {
    labels          = { app = "jobs" }
    service_account = "apps"
  }
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
