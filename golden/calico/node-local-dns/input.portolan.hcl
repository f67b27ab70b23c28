# The node-local cache is reached by its address, beside the DNS pods.
cluster {
  dns { node_local = ["169.254.20.10/32"] }
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to self { tcp = [8080] }
}
