# Two workloads of one account: the CNI keeps the other out, as long as no requests hang on it.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "app"
  }
  workload "job" {
    labels          = { app = "job" }
    service_account = "app"
  }
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
