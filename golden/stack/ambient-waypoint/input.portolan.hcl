# Through a waypoint: the CNI lets senders reach the waypoint and the waypoint the
# workload, the mesh decides there for whom and which requests.
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.0.0.0/24"]
}

namespace "shop" {
  waypoint = "way"
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
    ports           = { http = { port = 8080, protocol = "http" } }
    services        = { api = { 80 = "http" } }
  }
  allow web to api {
    tcp  = ["http"]
    http = ["GET /items/**"]
  }
}
