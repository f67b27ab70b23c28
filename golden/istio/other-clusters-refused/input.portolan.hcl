# An account is named whatever the cluster that its pods are of.
namespace "payments" { cluster = "west" }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow payments to web { tcp = [80] } # want P4030 "whatever the cluster"
}
