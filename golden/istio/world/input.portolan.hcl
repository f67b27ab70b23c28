# The world without the ranges of pods and nodes, which an address range would match too.
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["192.168.0.0/24"]
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow world to web { tcp = [8443] }
}
