# Azure NPM enforces no policy that has a range of IPv6.
cluster {
  pod_cidrs  = ["10.0.0.0/16"]
  node_cidrs = ["10.1.0.0/16"]
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow world to web { tcp = [443] }
}

target "aks" {
  cni = "aks-azure-npm"
}
