# One peer authentication for the mesh, a namespace, a workload and its ports.
cluster {
  mtls = "permissive"
}
namespace "shop" {
  mtls = "strict"
  workload "api" {
    labels     = { app = "api" }
    mtls_ports = { 9187 = "permissive" }
  }
  workload "old" {
    labels = { app = "old" }
    mtls   = "disable"
  }
  allow self to api { tcp = [8080] }
  allow anywhere to old { tcp = [8080] }
}
