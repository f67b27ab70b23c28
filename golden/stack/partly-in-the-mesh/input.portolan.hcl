# One namespace, one workload outside the mesh: the mesh's part is about the others.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
  }
  workload "legacy" {
    labels = { app = "legacy" }
    mesh   = false
  }

  allow web to api { tcp = [8080] }
  allow api to legacy { tcp = [9000] }
  allow legacy to api { tcp = [8081] }
}
