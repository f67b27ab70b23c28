# A workload that declares ports by name and not this one.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" {
    labels = { app = "api" }
    ports  = { http = 8080 }
  }
  allow web to api { tcp = ["htttp"] } # want P2113 "declares no port \"htttp\""
}
