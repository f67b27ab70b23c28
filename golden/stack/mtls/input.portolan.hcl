# Mutual TLS is the mesh's, and the port that speaks plaintext is open to one peer
# by the CNI, which knows pods that have no identity in the mesh.
namespace "shop" {
  mtls = "strict"
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
    mtls_ports      = { 9187 = "permissive" }
  }

  allow web to api { tcp = [8080] }
  allow "monitoring.prometheus" to api { tcp = [9187] }
}

namespace "monitoring" {
  managed = false
  mesh    = false
  workload "prometheus" { labels = { app = "prometheus" } }
}
