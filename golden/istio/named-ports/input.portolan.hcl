# A port's name is its number on each workload.
namespace "shop" {
  workload "prometheus" {
    labels          = { app = "prometheus" }
    service_account = "prometheus"
  }
  workload "api" {
    labels = { app = "api" }
    ports  = { metrics = 9187 }
  }
  workload "web" {
    labels = { app = "web" }
    ports  = { metrics = 9090 }
  }
  allow "scrape" {
    from = [prometheus]
    to   = [api, web]
    tcp  = ["metrics"]
  }
}
