cluster { cluster_mesh = false }
namespace "far" {
  cluster = any # want P2018 "no other cluster is connected"
  workload "ledger" { labels = { app = "ledger" } }
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to "far.ledger" { tcp = ["https"] } # want P2004 "of another cluster"
  allow "far.ledger" to web { tcp = [8080] }
}
allow far to "far.ledger" { tcp = [80] } # want P2102 "can match nothing"
