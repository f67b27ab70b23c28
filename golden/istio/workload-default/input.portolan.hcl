# One workload open in a closed namespace, one closed in an open one.
namespace "shop" {
  default_deny = "ingress"
  workload "web" {
    labels       = { app = "web" }
    default_deny = "none"
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
  }
  workload "job" {
    labels          = { app = "job" }
    service_account = "job"
  }
  allow job to self { tcp = [8080] }
  allow job to web { tcp = [9090] }
}
namespace "tools" {
  default_deny = "none"
  workload "vault" {
    labels       = { app = "vault" }
    default_deny = "ingress"
  }
  workload "ci" {
    labels          = { app = "ci" }
    service_account = "ci"
  }
  allow ci to vault { tcp = [8200] }
  allow ci to ci { tcp = [8080] }
}
