# A rule stands at both ends unless it says at which.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  workload "db" { labels = { app = "db" } }

  allow web to api { tcp = [8080] }
  allow api to db {
    tcp = [5432]
    at  = "source"
  }
  allow web to db {
    tcp = [5433]
    at  = "destination"
  }
  allow api to cluster {
    tcp = [9000]
    at  = "source"
  }
}
