# What the cluster "west" has. It and its workloads are peers: the rules here stand
# at our end, and the other end is for the configuration of that cluster.
namespace "ledger" {
  cluster = "west"
  targets = ["east"]

  workload "api" { labels = { app = "ledger-api" } }
  workload "audit" { labels = { app = "audit" } }
}

external "ledger-stub" {
  cidrs   = ["192.0.2.40"]
  targets = ["lab"]
}
