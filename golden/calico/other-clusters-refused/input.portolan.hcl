# Open source Calico has no pods of other clusters.
namespace "payments" { cluster = "west" }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to payments { tcp = [443] } # want P4030 "no pods of other clusters"
  allow payments to web { tcp = [80] }  # want P4030 "no pods of other clusters"
}
