# A rule that another covers changes nothing.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow self to api { tcp = ["8000-8100"] }
  allow web to api { tcp = [8080] }
}
