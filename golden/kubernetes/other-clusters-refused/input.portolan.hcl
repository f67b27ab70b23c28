# Pods of another cluster are no pods of this one to a NetworkPolicy.
namespace "payments" { cluster = "west" }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to payments { tcp = [443] } # want P4030 "of its own cluster"
  allow payments to web { tcp = [80] }  # want P4030 "of its own cluster"
}
