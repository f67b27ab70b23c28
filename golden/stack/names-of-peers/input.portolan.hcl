# DNS names as peers are Cilium's, in a stack as alone.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }

  allow "out" {
    from = [web]
    to   = [fqdn("api.example.com")]
    tcp  = [443]
  }
}
