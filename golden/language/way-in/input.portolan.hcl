# What `ingress` is differs between clusters.
cluster {
  node_cidrs = ["10.10.0.0/24"]
  pod_cidrs  = ["10.244.0.0/16"]
  ingress { workload = "ingress-nginx.controller" }
}
namespace "ingress-nginx" {
  workload "controller" { labels = { app = "ingress-nginx" } }
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow ingress to web { tcp = [8080] } # want P4101 "only Cilium has endpoints of its own"
}
target "calico" { cni = "calico" }
target "nodes" {
  cni = "calico"
  ingress { kind = "nodes" }
}
target "proxy" {
  cni = "cilium"
  ingress { kind = "cilium" }
}
target "elsewhere" {
  cni = "calico"
  ingress { kind = "cilium" }
}
target "balancers" {
  cni = "kubernetes"
  ingress { cidrs = ["203.0.113.8/29"] }
}
