# ztunnel decides by identity, address and port.
namespace "shop" {
  mtls = "strict"
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels     = { app = "api" }
    mtls_ports = { 9187 = "permissive" }
  }
  allow web to api { tcp = [8080] }
  allow others to api { tcp = [8443] }
  deny "no-metrics" {
    from = [web]
    to   = [api]
    tcp  = [9090]
  }
}
