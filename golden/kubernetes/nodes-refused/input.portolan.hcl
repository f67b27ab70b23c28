# Without their range nothing finds nodes.
namespace "shop" {
  workload "agent" { labels = { app = "agent" } }
  allow nodes to agent { tcp = [9100] } # want P4102 "node_cidrs"
}
