# Each target takes the switches of the cluster that its engines have, and its
# own over them.
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["192.168.0.0/24"]
  switches   = { cidr_matches_pods = true, cidr_matches_nodes = true, host_firewall = true }
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to world { tcp = ["8000-8080"] }
}

target "plain" {
  cni = "kubernetes"
}

target "apart" {
  cni      = "kubernetes"
  switches = { cidr_matches_pods = false, cidr_matches_nodes = false }
}

target "other" {
  cni = "cilium"
}
