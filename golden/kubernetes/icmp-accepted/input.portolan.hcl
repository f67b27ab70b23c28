# With the loss of ICMP accepted the rule keeps its ports.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "probe" { labels = { app = "probe" } }
  allow probe to web {
    tcp  = [80]
    icmp = [8]
  }
}

target "legacy" {
  cni = "kubernetes"
  accept "widened" {
    lacks  = ["icmp"]
    rules  = ["shop/probe->web"]
    reason = "nobody pings"
  }
}
