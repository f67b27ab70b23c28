# A deny of requests is the mesh's alone: in the CNI it would deny the whole port.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
    ports           = { http = { port = 8080, protocol = "http" } }
  }

  allow web to api { tcp = ["http"] }
  deny self to api {
    tcp  = ["http"]
    http = ["* /admin/**"]
  }
}
