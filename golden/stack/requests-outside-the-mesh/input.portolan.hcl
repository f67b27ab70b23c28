# A workload outside the mesh has no sidecar: its requests are the CNI's to read,
# which Cilium can and Calico cannot.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "legacy" {
    labels = { app = "legacy" }
    mesh   = false
  }

  allow web to legacy {
    tcp  = [8080]
    http = ["GET /orders/**"]
  }
}
