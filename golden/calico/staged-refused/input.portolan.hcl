# Portolan renders enforced policies for Calico.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db {
    tcp  = [5432]
    mode = "staged"
  }
}
