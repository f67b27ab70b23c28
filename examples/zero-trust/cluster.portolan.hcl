# Every pod of every namespace is closed, declared here or not, created today or
# next year. What is spared keeps the cluster itself alive.
cluster {
  description  = "the production cluster"
  default_deny = "both"
  exempt       = ["kube-system", "local-path-storage"]

  pod_cidrs     = ["10.244.0.0/16"]
  service_cidrs = ["10.96.0.0/12"]
  node_cidrs    = ["10.10.0.0/22"]
  api_server    = ["10.10.0.10/32", "10.10.0.11/32", "10.10.0.12/32"]

  dns {
    namespace = "kube-system"
    labels    = { k8s-app = "kube-dns" }
  }
}

# The cluster's own: named here so that rules can name them.
namespace "kube-system" {
  managed = false

  workload "metrics-server" { labels = { k8s-app = "metrics-server" } }
}

target "calico" { cni = "calico" }

target "cilium" { cni = "cilium" }
