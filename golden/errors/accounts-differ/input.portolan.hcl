# A pod that both workloads select would run as two accounts.
namespace "shop" {
  workload "web" {
    labels          = { app = "shop", tier = "web" }
    service_account = "web" # want P2003 "can select the same pod"
  }
  workload "all" {
    labels          = { app = "shop" }
    service_account = "shop"
  }
  allow web to all { tcp = [8080] }
}
