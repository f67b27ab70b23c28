# No other cluster is called as this one, so that what is left without one of them is said exactly.
namespace "west" {
  name    = "shop"
  cluster = "west"
}
namespace "elsewhere" {
  name    = "shop"
  cluster = any
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow "peers" {
    from   = [elsewhere]
    except = [west]
    to     = [web]
    tcp    = [8080]
  }
}
target "cilium" {
  cni      = "cilium"
  switches = { cluster_mesh = true, cluster_name = "east" }
}
