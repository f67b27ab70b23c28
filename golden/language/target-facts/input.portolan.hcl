# A fact in a target overrides the cluster's.
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.10.0.0/24"]
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow world to web { tcp = [443] }
}

target "eu" { cni = "calico" }

target "us" {
  cni       = "calico@3.30"
  pod_cidrs = ["10.60.0.0/14"]

  dns {
    namespace = "openshift-dns"
    labels    = { "dns.operator.openshift.io/daemonset-dns" = "default" }
    port      = 5353
  }
}
