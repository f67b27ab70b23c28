# Cilium policies log nothing by themselves.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { # want P4011 "tag flows for Hubble"
    tcp = [5432]
    log = true
  }
}
