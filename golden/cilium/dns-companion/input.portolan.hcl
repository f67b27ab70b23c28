# DNS stays reachable where egress is closed: at the pods' port, after Service translation. One workload goes without.
cluster {
  dns {
    namespace = "openshift-dns"
    labels    = { "dns.operator.openshift.io/daemonset-dns" = "default" }
    port      = 5353
  }
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "batch" {
    labels = { app = "batch" }
    dns    = false
  }
  allow web to batch { tcp = [80] }
}
