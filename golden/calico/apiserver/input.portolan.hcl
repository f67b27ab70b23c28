# With its address stated the API server is an address, with ports and in both directions.
cluster { api_server = ["203.0.113.10/32"] }
namespace "shop" {
  workload "operator" { labels = { app = "operator" } }
  allow operator to apiserver { tcp = [6443] }
  allow apiserver to operator { tcp = [9443] }
}
