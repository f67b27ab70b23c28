# Nodes have no identity, and their addresses are not stated.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow nodes to web { tcp = [8443] } # want P4102 "addresses of nodes"
}
