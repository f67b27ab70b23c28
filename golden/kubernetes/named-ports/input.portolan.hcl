# A declared name is its number; one that no workload declares is what each pod calls it.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" {
    labels = { app = "api" }
    ports  = { http = 8080 }
  }
  workload "legacy" { labels = { app = "legacy" } }
  allow web to api { tcp = ["http"] }
  allow web to legacy { tcp = ["admin", 80] }
}
