# An explicit list of exempt namespaces replaces the default one.
cluster {
  default_deny = "ingress"
  exempt       = ["kube-system", "istio-system", "monitoring"]
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow others to web { tcp = [80] }
}
