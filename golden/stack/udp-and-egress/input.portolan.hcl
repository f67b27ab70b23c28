# What a mesh does not govern is the CNI's: nothing falls between.
external "partner" { cidrs = ["198.51.100.0/24"] }

namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "game" {
    labels          = { app = "game" }
    service_account = "game"
  }

  allow web to game {
    tcp = [8080]
    udp = ["7000-7010"]
  }
  allow game to partner { tcp = [443] }
}
