# Where the cluster's DNS is, with a cache on every node. What is managed of it
# gets the other half of the opening.
cluster {
  dns {
    namespace  = "dns"
    labels     = { app = "coredns" }
    port       = 5353
    node_local = ["169.254.20.10"]
  }
}

namespace "resolvers" {
  name    = "dns"
  managed = true
  workload "coredns" { labels = { app = "coredns" } }
  allow coredns to upstream { udp = [53] }
}

external "upstream" { cidrs = ["198.51.100.53/32"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow self to web { tcp = [80] }
}
