# Nodes as host endpoints. What stays open at them whatever policies say is allowed:
# the failsafe ports, and what a node and its own pods send each other.
target "hosts" {
  cni      = "calico"
  switches = { host_endpoints = true }
}
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.0.0.0/24"]
  api_server = ["10.0.0.10/32"]
}
nodes "edge" {
  labels       = { pool = "edge" }
  default_deny = "both"
}
nodes "workers" { labels = { pool = "workers" } }

allow anywhere to edge {
  tcp = [22, 179, 2379, 2380, 5473, 6443, 6666, 6667]
  udp = [68]
  at  = "destination"
}
allow edge to anywhere {
  tcp = [179, 2379, 2380, 5473, 6443, 6666, 6667]
  udp = [53, 67]
  at  = "source"
}
allow cluster to edge { at = "destination" }
allow edge to cluster { at = "source" }
allow apiserver to edge { tcp = [10250] }
allow workers to edge { tcp = [9100] }
deny abuse to workers { tcp = [8080] }
external "abuse" { cidrs = ["192.0.2.0/24"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow edge to web { tcp = [8080] }
}
