# Every fact in both families. What is stated of ranges leaves nothing to the CNI.
cluster {
  pod_cidrs  = ["10.244.0.0/16", "fd00:10:244::/56"]
  node_cidrs = ["192.168.10.0/24", "fd00:192::/64"]
  api_server = ["192.168.10.2/32", "fd00:192::2/128"]
  dns { node_local = ["169.254.20.10/32", "fd00::20:10/128"] }
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow world to web { tcp = [443] }
  allow web to world { tcp = [443] }
  allow web to apiserver { tcp = [6443] }
  allow web to nodes { tcp = [10250] }
  allow nodes to web { tcp = [9100] }
}

target "kubernetes" {
  cni = "kubernetes"
  switches = {
    cidr_matches_pods  = true
    cidr_matches_nodes = true
  }
}
