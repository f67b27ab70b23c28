# What this cluster is called has to be stated, where others are to be told from it.
namespace "payments" { cluster = "west" }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow web to payments { tcp = [443] } # want P4021 "what this one is called"
  allow web to api { tcp = [8080] }     # want P4021 "before 1.19"
}
