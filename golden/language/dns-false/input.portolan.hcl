# DNS stays reachable wherever egress is closed, unless said otherwise.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "batch" {
    labels = { app = "batch" }
    dns    = false
  }
  allow web to batch { tcp = [80] }
}

namespace "island" {
  dns = false
  workload "a" { labels = { app = "a" } }
  workload "b" {
    labels = { app = "b" }
    dns    = true
  }
  allow a to b { tcp = [80] }
}

namespace "inbound" {
  default_deny = "ingress"
  workload "c" { labels = { app = "c" } }
  allow self to c { tcp = [80] }
}
