# A deny that no allow overlaps holds by itself where the pods are closed.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [5432] }
  deny others to db {}
}
