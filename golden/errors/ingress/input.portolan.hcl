cluster {
  ingress { # want P1103 "does not say what the way in is"
    description = "nothing"
  }
}
target "one" {
  cni = "cilium"
  ingress {
    kind  = "nodes"
    cidrs = ["203.0.113.7"] # want P1110 "both kind and cidrs"
  }
}
target "two" {
  cni = "cilium"
  ingress { workload = "shop" } # want P1301 "is no workload"
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
}
namespace "ingress" {
  workload "proxy" { labels = { app = "proxy" } }
}
allow ingress to "shop.web" { tcp = [8080] } # want P1202 "the way in that the facts state"
allow "ingress.proxy" to "shop.web" { tcp = [8080] }
