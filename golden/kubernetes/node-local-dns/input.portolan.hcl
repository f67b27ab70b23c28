# The node-local cache is no pod: its address stands beside the DNS pods.
cluster {
  dns { node_local = ["169.254.20.10/32"] }
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow self to web { tcp = [8080] }
}
