# A list of more than 50 ports becomes two rules.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [for i in range(60) : 1000 + 2 * i] }
}
