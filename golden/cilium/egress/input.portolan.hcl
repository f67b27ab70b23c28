# Egress is closed and opened at the source; the receiver is nobody's or decides for itself.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db {
    tcp = [5432]
    at  = "source"
  }
  allow web to "legacy.billing" { tcp = [9000] }
}

namespace "legacy" {
  managed = false
  workload "billing" { labels = { app = "billing" } }
}
