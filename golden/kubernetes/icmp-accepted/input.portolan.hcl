# ICMP in a rule of its own can be given up: the ports stay.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "probe" { labels = { app = "probe" } }
  allow probe to web { tcp = [80] }
  allow "ping" {
    from = [probe]
    to   = [web]
    icmp = [8]
  }
}

target "legacy" {
  cni = "kubernetes"
  accept "narrowed" {
    lacks  = ["icmp"]
    rules  = ["shop/ping"]
    reason = "nobody pings"
  }
}
