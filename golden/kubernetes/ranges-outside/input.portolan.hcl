# Ranges that match neither pods nor nodes need no exceptions, and none of their addresses.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow world to web { tcp = [443] }
  allow web to world { tcp = [443] }
  allow web to office { tcp = [8443] }
}

external "office" { cidrs = ["10.0.0.0/8"] }

target "outside" {
  cni = "kubernetes"
  switches = {
    cidr_matches_pods  = false
    cidr_matches_nodes = false
  }
}

target "pods" {
  cni       = "kubernetes"
  pod_cidrs = ["10.244.0.0/16"]
  switches = {
    cidr_matches_pods  = true
    cidr_matches_nodes = false
  }
}
