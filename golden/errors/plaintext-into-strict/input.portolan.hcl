# What cannot authenticate is refused by mutual TLS, whatever a rule says.
namespace "shop" {
  mtls = "strict"
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "open" {
    labels     = { app = "open" }
    mtls_ports = { 8080 = "permissive" }
  }
  allow "monitoring.prometheus" to web { tcp = [9090] } # want P2007 "no such peer can authenticate"
  allow world to web { tcp = [8080] }                   # want P2007 "port 8080"
  allow world to open { tcp = [8080] }
  allow nodes to open { tcp = [8080, 8081] } # want P2007 "port 8081"
  allow web to open { tcp = [9090] }
}
namespace "monitoring" {
  managed = false
  mesh    = false
  workload "prometheus" { labels = { app = "prometheus" } }
}
target "mesh" { mesh = "istio" }
