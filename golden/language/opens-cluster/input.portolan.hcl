# An allow to the whole cluster stands in every closed namespace: a warning says in
# how many. With at = "both" it is meant.
namespace "ops" {
  workload "scanner" { labels = { app = "scanner" } }
  workload "prober" { labels = { app = "prober" } }

  allow scanner to cluster { tcp = [22] }
  allow prober to cluster {
    tcp = [80]
    at  = "both"
  }
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
}
