# Some nodes are no peer of a NetworkPolicy: it knows them by address.
nodes "workers" { labels = { pool = "workers" } }

namespace "lab" {
  workload "web" { labels = { app = "web" } }
  allow web to workers { tcp = [9100] } # want P4101 "not by label"
}
