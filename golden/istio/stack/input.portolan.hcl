# The CNI has labels, addresses and ports, the mesh has requests. Where peers have no account the CNI tells them apart.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "job" { labels = { app = "job" } }
  workload "api" {
    labels = { app = "api" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
  allow web to api {
    tcp  = ["http"]
    http = ["GET /**"]
  }
  allow job to api { tcp = [9090] }
}
