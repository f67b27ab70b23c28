# Calico has tiers of its own, and Portolan has one there.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
}
tier "kube-admin" {
  order = 100
  deny "shop.web" to nodes {}
}
tier "portolan" {
  order = 200
  deny "shop.web" to nodes {}
}
cluster {
  pod_cidrs  = ["10.244.0.0/16", "fd00:10:244::/56"]
  node_cidrs = ["10.0.0.0/24", "fd00:10::/64"]
}
