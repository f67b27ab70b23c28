# A mesh decides at the destination: requests towards the outside are the CNI's.
external "partner" { cidrs = ["198.51.100.0/24"] }

namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }

  allow web to partner {
    tcp  = [80]
    http = ["GET /feed"]
  }
}
