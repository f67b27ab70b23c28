# A port's name that no declared workload resolves.
namespace "shop" {
  workload "prometheus" {
    labels          = { app = "prometheus" }
    service_account = "prometheus"
  }
  allow "scrape" { # want P4008 "metrics"
    from = [prometheus]
    to   = [pods({ scraped = "yes" })]
    tcp  = ["metrics"]
  }
}
