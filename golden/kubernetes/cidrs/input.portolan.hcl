# Exceptions stand in their block, of one family; ranges of pods and nodes are taken out.
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.0.1.0/24"]
}

external "office" {
  cidrs  = ["10.0.0.0/8", "2001:db8::/32"]
  except = ["10.99.0.0/16", "2001:db8:bad::/48"]
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow office to web { tcp = [443] }
  allow web to "partner" { tcp = [443] }
}

external "partner" { cidrs = ["198.51.100.7/32"] }
