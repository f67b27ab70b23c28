# Ports are the pods' own, as decimal strings; every TCP port is no `to` at all.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" { labels = { app = "api" } }
  allow web to api { tcp = [80, 8080] }
  allow "every" {
    from = [web]
    to   = [web]
    tcp  = any
  }
}
