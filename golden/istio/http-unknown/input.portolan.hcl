# Nobody states what the port speaks: were it TCP to Istio, the rule would let no request in.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" { labels = { app = "api" } }
  allow web to api {
    tcp  = [8080]
    http = ["GET /"]
  }
}
