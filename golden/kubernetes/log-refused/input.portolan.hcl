# A NetworkPolicy logs nothing.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { # want P4011 "no log action"
    tcp = [5432]
    log = true
  }
}
