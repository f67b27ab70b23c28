# Authorization policies do not log.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" { labels = { app = "api" } }
  allow web to api { # want P4011 "no log action"
    tcp = [8080]
    log = true
  }
}
