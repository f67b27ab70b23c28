# The mesh knows nodes by address only. Letting everybody in and leaving the nodes
# to the CNI would let web exceed its own rule, of which only the mesh sees all.
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.10.0.0/24"]
}
nodes "edge" { labels = { role = "edge" } }
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
  allow edge to api { tcp = ["http"] }
  allow web to api {
    tcp  = ["http"]
    http = ["GET /orders/**"]
  }
}
