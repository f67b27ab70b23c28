# Where ranges match no nodes, nothing names what is on a node.
cluster {
  node_cidrs = ["192.168.10.0/24"]
  api_server = ["192.168.10.2/32"]
  dns { node_local = ["169.254.20.10/32"] }
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to apiserver { tcp = [6443] }
  allow nodes to web { tcp = [9100] }
}

target "outside" {
  cni = "kubernetes"
  switches = {
    cidr_matches_pods  = false
    cidr_matches_nodes = false
  }
}
