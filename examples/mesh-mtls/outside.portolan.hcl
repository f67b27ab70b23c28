namespace "ingress" {
  name    = "istio-ingress"
  managed = false

  workload "gateway" {
    labels          = { istio = "ingressgateway" }
    service_account = "istio-ingressgateway"
  }
}

namespace "monitoring" {
  managed = false
  mesh    = false # no sidecars, so no certificates

  workload "prometheus" { labels = { app = "prometheus" } }
}
