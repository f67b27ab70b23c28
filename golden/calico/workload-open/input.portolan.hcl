# A workload that opens itself is left out of what closes its namespace.
namespace "shop" {
  workload "web" {
    labels       = { app = "web" }
    default_deny = "none"
  }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [5432] }
}
