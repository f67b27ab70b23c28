# A deny of a port between pods of the mesh is the mesh's, one of all ports or of
# addresses the CNI's.
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.0.0.0/24"]
}

namespace "shop" {
  mtls = "strict"
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "job" {
    labels          = { app = "job" }
    service_account = "job"
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
  }
  allow self to api { tcp = [8080, 9090] }
  deny job to api { tcp = [9090] }
  deny web to job {}
  deny abuse to api {}
}

external "abuse" { cidrs = ["192.0.2.0/24"] }
