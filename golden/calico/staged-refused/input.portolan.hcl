# Calico has staged policies from 3.30.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db {
    tcp  = [5432]
    mode = "staged"
  }
}
