# The API server is an entity, wherever it runs.
cluster {
  api_server = ["203.0.113.10/32"]
  node_cidrs = ["10.0.0.0/16"]
}

namespace "shop" {
  workload "operator" { labels = { app = "operator" } }
  allow operator to apiserver { tcp = [6443] }
  allow apiserver to operator { tcp = [9443] }
}
