# ICMP types stand in items of their own, beside ports.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "probe" { labels = { app = "probe" } }
  allow probe to web {
    icmp   = [8, 13]
    icmpv6 = [128]
    tcp    = [80]
  }
}
