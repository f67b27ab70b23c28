# Two workloads of one account with different requests on one port: neither the CNI nor the mesh tells them apart.
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
  allow web to api { # want P4009 "shop/job->api"
    tcp  = ["http"]
    http = ["GET /**"]
  }
  allow job to api { # want P4009 "shop/web->api"
    tcp  = ["http"]
    http = ["POST /**"]
  }
}
