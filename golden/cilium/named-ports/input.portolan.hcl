# A name that the destination declares is its number; one that nobody declares stays a name.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" {
    labels = { app = "api" }
    ports  = { http = 8080 }
  }
  workload "sidecar" { labels = { app = "sidecar" } }
  allow web to api { tcp = ["http"] }
  allow web to sidecar { tcp = ["admin"] }
}
