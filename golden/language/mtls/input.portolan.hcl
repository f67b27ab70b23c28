# Mutual TLS of the mesh, of a namespace, of a workload, of a port.
cluster {
  mtls                = "permissive"
  mesh_root_namespace = "mesh-root"
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
    mtls_ports      = { 9187 = "permissive" }
  }
  workload "legacy" {
    labels          = { app = "legacy" }
    service_account = "legacy"
    mtls            = "disable"
  }

  allow web to api { tcp = [8080] }
  allow anywhere to legacy {
    tcp = [80]
    at  = "destination"
  }
}
