# Calico takes ICMP types up to 254.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { icmp = [255] }
}
