# The API server is addresses.
cluster {
  api_server = ["203.0.113.10/32", "203.0.113.11/32"]
}

namespace "shop" {
  workload "operator" { labels = { app = "operator" } }
  allow operator to apiserver { tcp = [6443] }
}
