# Selectors see no service accounts, at neither end.
namespace "shop" {
  workload "web" { service_account = "web" }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [5432] } # want P4009 "sees no service accounts"
}
