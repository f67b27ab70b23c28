# A port that a workload declares is a number; one that nobody declares stays a name.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" {
    labels = { app = "api" }
    ports  = { http = 8080 }
  }
  allow web to api { tcp = ["http", "metrics"] }
}
