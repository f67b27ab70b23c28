# Which labels its own node has, no policy of a pod can ask.
nodes "gateways" { labels = { role = "gateway" } }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow gateways to web { tcp = [8080] } # want P4021 "enable-node-selector-labels"
  allow web to gateways { tcp = [9090] } # want P4101 "those of the pod's own"
}
