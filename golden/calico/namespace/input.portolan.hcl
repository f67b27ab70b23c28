# A namespace is closed both ways and keeps DNS; a rule stands at its two ends.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db {
    description = "the storefront reads the catalogue"
    tcp         = [5432]
  }
}
