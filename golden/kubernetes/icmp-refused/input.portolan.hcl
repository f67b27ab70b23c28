# What a NetworkPolicy does with ICMP is left to the CNI.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "probe" { labels = { app = "probe" } }
  allow probe to web { icmp = [8] } # want P4007 "left to the CNI"
}
