# A deny between open pods has no form, and would have one as a ClusterNetworkPolicy.
namespace "lab" {
  default_deny = "none"
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  deny web to db { tcp = [5432] } # want P4005 "open for"
}
