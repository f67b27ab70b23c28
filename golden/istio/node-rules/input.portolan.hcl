# Nodes are in no mesh: what is said of them is a CNI's.
nodes "workers" {
  labels       = { role = "worker" }
  default_deny = "ingress"
}

allow world to workers { tcp = [22] }

namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  allow self to web { tcp = [80] }
}
