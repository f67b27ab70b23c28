# Workloads differ from their namespace: one is closed in an open namespace, one is open in a closed namespace.
namespace "open" {
  default_deny = "none"
  workload "vault" {
    labels       = { app = "vault" }
    default_deny = "both"
  }
  workload "web" { labels = { app = "web" } }
  allow web to vault { tcp = [8200] }
}

namespace "closed" {
  workload "legacy" {
    labels       = { app = "legacy" }
    default_deny = "none"
  }
  workload "api" { labels = { app = "api" } }
  allow legacy to api { tcp = [80] }
}
