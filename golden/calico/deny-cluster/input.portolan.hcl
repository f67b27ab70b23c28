# A deny for every pod: those that are not closed go on, the closed ones stay closed.
external "abuse" { cidrs = ["192.0.2.0/24"] }
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "status" {
    labels       = { app = "status" }
    default_deny = "egress"
  }
  allow anywhere to web { tcp = [443] }
}
deny abuse to cluster {}
