# A peer of the policy's namespace is a podSelector; one of another has both selectors in one item.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [5432] }
  allow "monitoring.prometheus" to db { tcp = [9187] }
}

namespace "monitoring" {
  managed = false
  workload "prometheus" { labels = { app = "prometheus" } }
}
