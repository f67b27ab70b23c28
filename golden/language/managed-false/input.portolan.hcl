# Others' namespace: its names are peers, and nothing is emitted in it.
namespace "monitoring" {
  managed = false
  workload "prometheus" { labels = { app = "prometheus" } }
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow "monitoring.prometheus" to web { tcp = [9102] }
  allow web to monitoring { tcp = [4317] }
}
