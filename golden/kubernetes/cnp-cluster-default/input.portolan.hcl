# What the cluster closes beyond declared namespaces is Baseline: network policies come before it.
cluster {
  default_deny = "egress"
  exempt       = ["kube-system"]
  api_server   = ["203.0.113.10/32", "2001:db8::10/128"]
  dns { node_local = ["169.254.20.10/32"] }
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to others { tcp = [443] }
}
allow cluster to "shop.web" { tcp = [8080] }
allow cluster to apiserver { tcp = [6443] }

target "cnp" {
  cni = "kubernetes"
  switches = {
    cluster_network_policy = true
    cidr_matches_pods      = true
    cidr_matches_nodes     = true
  }
}
