# Pods of other clusters are told by the name of theirs, which is not this one's. Before 1.19 those of this cluster are, too.
namespace "payments" { cluster = "west" }
namespace "batch" { cluster = any }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow web to payments { tcp = [443] }
  allow batch to api { tcp = [8080] }
  allow web to api { tcp = [8080] }
  allow anywhere to web { tcp = [443] }
}
