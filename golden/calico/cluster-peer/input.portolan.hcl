# The cluster is the pods of all namespaces: never host endpoints, never network sets.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow open {
    from = [cluster]
    to   = [web]
    tcp  = [80]
    at   = "destination"
  }
}
