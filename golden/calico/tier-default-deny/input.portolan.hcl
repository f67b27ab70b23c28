# A tier that denies at its end closes the subjects of its rules; a log closes nothing.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [5432] }
}
tier "pci" {
  order   = 10
  default = "deny"
  allow "shop.web" to "shop.db" { tcp = [5432] }
  allow "shop.web" to dns {}
  log shop to shop {}
}
