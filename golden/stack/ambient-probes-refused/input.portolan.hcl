# A node's probes come from an address of the node, which no native policy names
# where the CNI keeps nodes out of address ranges.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
  }
  allow web to api { tcp = [8080] }
}
