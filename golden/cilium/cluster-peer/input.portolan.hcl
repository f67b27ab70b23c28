# cluster is pods with a namespace, never the entity cluster, which has nodes too.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow cluster to web { tcp = [80] }
}
