# policyTypes names closed directions only: an egress policy must not close ingress.
namespace "batch" {
  default_deny = "egress"
  dns          = false
  workload "job" { labels = { app = "job" } }
  allow job to "shop.db" { tcp = [5432] }
}

namespace "shop" {
  default_deny = "ingress"
  workload "db" { labels = { app = "db" } }
}
