# Nothing denies ingress from what is no pod.
cluster { default_deny = "ingress" }
namespace "shop" {
  workload "web" { labels = { app = "web" } }
}

target "cnp" {
  cni      = "kubernetes"
  switches = { cluster_network_policy = true }
}
