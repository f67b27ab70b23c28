# A mesh polices no nodes, and knows them by address only.
nodes "workers" { labels = { "node.kubernetes.io/role" = "worker" } }
external "abuse" { cidrs = ["203.0.113.0/24"] }
namespace "shop" {
  workload "api" { labels = { app = "api" } }
  allow workers to api { tcp = [8080] }
}
deny abuse to workers { tcp = [22] }
cluster {
  node_cidrs = ["192.168.0.0/16"]
}
