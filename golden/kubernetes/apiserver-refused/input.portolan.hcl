# Nothing finds the API server without its addresses.
namespace "shop" {
  workload "operator" { labels = { app = "operator" } }
  allow operator to apiserver { tcp = [6443] } # want P4102 "API server"
}
