# Only the workload that says so is closed; the rest of the namespace stays open.
namespace "shop" {
  default_deny = "none"
  workload "web" { labels = { app = "web" } }
  workload "db" {
    labels       = { app = "db" }
    default_deny = "ingress"
  }
  allow web to db { tcp = [5432] }
}
