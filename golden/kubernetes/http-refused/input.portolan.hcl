# Without the restriction every request would pass.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow web to api { # want P4001 "reads no requests"
    tcp  = [8080]
    http = ["GET /api/**"]
  }
}
