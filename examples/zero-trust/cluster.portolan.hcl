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

target "calico" {
  cni    = "calico"
  exempt = ["kube-system", "local-path-storage", "calico-system", "calico-apiserver"] # Calico's own pods
}

target "cilium" { cni = "cilium" }
