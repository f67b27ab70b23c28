# The cluster's default is one clusterwide policy, for pods with a namespace only: never {}, which is for Cilium's own endpoints too.
cluster { default_deny = "both" }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [5432] }
}
