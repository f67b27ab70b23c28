# Without the facts the private ranges are left out, and a warning says so.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to world { tcp = [443] }
}
