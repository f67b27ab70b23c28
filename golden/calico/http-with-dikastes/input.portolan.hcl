# Dikastes takes a connection without a request that it can read for a match, so that an
# allow of requests would allow other protocols too.
target "alp" {
  cni      = "calico"
  switches = { application_layer_policy = true }
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db {
    tcp  = [8080]
    http = ["GET /"]
  }
}
