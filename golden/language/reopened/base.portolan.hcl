# A namespace may be reopened to add workloads and rules, in any file, in any order.
namespace "shop" {
  labels = { team = "shop" }
  workload "web" { labels = { app = "web" } }
}
