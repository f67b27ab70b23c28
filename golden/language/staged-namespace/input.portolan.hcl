# All of a namespace may be staged, its closing too: nothing of it is enforced, and
# what Calico shows as pending is what would be if it were.
namespace "shop" {
  mode = "staged"
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }

  allow web to api { tcp = [8080] }
}

namespace "billing" {
  workload "api" { labels = { app = "billing" } }

  allow "shop.api" to api { tcp = [443] }
}

tier "guard" {
  order   = 10
  default = "deny"

  allow cluster to "billing.api" {
    tcp  = [443]
    at   = "destination"
    mode = "staged"
  }
}

target "enforced" { cni = "calico" }

target "staged" {
  cni  = "calico"
  mode = "staged"
}
