# A peer outside the mesh cannot authenticate, so that a strict port would refuse it.
namespace "shop" {
  mtls = "strict"
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
  }

  allow "monitoring.prometheus" to api { tcp = [9187] }
}

namespace "monitoring" {
  managed = false
  mesh    = false
  workload "prometheus" { labels = { app = "prometheus" } }
}
