# The names of another configuration: only the shop's ends are emitted here.
portolan { use = ["../use-platform"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "job" { labels = { app = "job" } }
  allow "platform.gateway" to web { tcp = [8080] }
  allow web to "platform.search" {
    tcp  = ["http"]
    http = ["GET /search/shop"]
  }
  allow job to partners { tcp = [443] }
  allow job to mail { tcp = [587] }
  allow web to "tenant[\"a\"].api" { tcp = [8443] }
}
cluster { service_cidrs = ["10.96.0.0/12"] }
