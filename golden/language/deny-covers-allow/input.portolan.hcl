# In a tier a deny beats an allow whatever their order, so this allow never decides.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }

  allow web to db { tcp = [5432] }
  deny self to db {}
}
