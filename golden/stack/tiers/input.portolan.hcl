# Tiers stand in the CNI, which has them; the mesh gets what its own part means.
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.10.0.0/24"]
}

external "abuse" { cidrs = ["192.0.2.0/24"] }

tier "security" {
  order = 100
  deny abuse to cluster {}
}

namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }

  allow world to web { tcp = [8443] }
}
