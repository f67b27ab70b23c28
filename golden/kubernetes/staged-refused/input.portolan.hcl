# A NetworkPolicy is enforced or is not there.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { # want P4012 "no staged policies"
    tcp  = [5432]
    mode = "staged"
  }
}
