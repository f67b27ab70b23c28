# In a stack the CNI has ports and addresses, and the mesh requests and accounts.
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

  allow web to api {
    tcp  = ["http"]
    http = ["GET /orders/**"]
  }
}
