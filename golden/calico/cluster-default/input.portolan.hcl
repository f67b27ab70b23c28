# The cluster's default is a GlobalNetworkPolicy that selects pods and no host endpoint.
cluster {
  default_deny = "both"
  exempt       = ["kube-system", "monitoring"]
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [5432] }
}
