# Without the cluster's facts, ranges that could be pods' are left out where
# ranges match pods too, and a warning says which fact is missing.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow world to web { tcp = [443] }
}
