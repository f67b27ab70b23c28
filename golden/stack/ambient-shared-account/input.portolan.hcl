# The CNI tells pods apart and no ports, the mesh ports and no pods: with one
# account for two workloads that may do different things, each may do both.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "front"
  }
  workload "mobile" {
    labels          = { app = "mobile" }
    service_account = "front"
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
  }
  allow web to api { tcp = [8080] }
  allow mobile to api { tcp = [9090] }
}
