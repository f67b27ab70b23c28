# What would be for all that listens on the node, or hangs on queries that the proxy may not see, is refused.
cluster {
  dns { node_local = ["169.254.20.10/32"] }
}

external "stripe" { fqdns = ["api.stripe.com"] }

namespace "shop" { # want P4009 "does not tell a node's addresses apart"
  workload "web" { labels = { app = "web" } }
  workload "job" {
    labels = { app = "job" }
    dns    = false
  }
  allow web to dns { tcp = [53, 9253] }                   # want P4009 "the node itself"
  allow web to stripe { tcp = [443] }                     # want P4004 "node-local DNS cache"
  allow job to dns { dns = ["*.shop.svc.cluster.local"] } # want P4003 "node-local DNS cache"
}
