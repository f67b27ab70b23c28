# Names that are no DNS labels are escaped and carry a hash of the address.
namespace "shop" {
  workload "web_v2" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web_v2 to db { tcp = [5432] }
}
tier "pci_zone" {
  order = 10
  deny "shop.web_v2" to "shop.db" { tcp = [22] }
}
