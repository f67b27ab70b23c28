# Without the switch there is nothing to govern nodes by.
nodes "edge" { labels = { pool = "edge" } }
deny world to edge { tcp = [8080] }
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.0.0.0/24"]
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow edge to web { tcp = [8080] }
}
