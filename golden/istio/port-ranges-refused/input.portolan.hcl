# A range over the bound.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" { labels = { app = "api" } }
  allow web to api { tcp = ["30000-32767"] } # want P4008 "2768"
}
