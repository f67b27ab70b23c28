# Sidecars leave the ports of their agent to it, so that who reads metrics needs no
# certificate there, and the CNI alone decides.
cluster {
  mesh_metrics = ["monitoring.prometheus"]
}

namespace "shop" {
  mtls = "strict"
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
  }
  allow web to api { tcp = [8080] }
  allow "monitoring.probe" to api { tcp = [15021] }
}

namespace "monitoring" {
  mesh = false
  workload "prometheus" { labels = { app = "prometheus" } }
  workload "probe" { labels = { app = "probe" } }
}
