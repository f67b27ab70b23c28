# An application team. It knows the platform's names by `use`, and what the platform
# offers; of the platform's objects it emits none.
portolan { use = ["../platform"] }

namespace "shop" {
  workload "web" {
    labels = { app = "web" }
    ports  = { http = 8080, metrics = 9102 }
  }

  workload "report" { labels = { app = "report" } }

  allow world to web { tcp = ["http"] }

  allow report to "monitoring.push-gateway" {
    description = "the nightly report pushes how it went"
    tcp         = ["push"]
  }

  test "the report reaches the gateway's intake, not its administration" {
    allow report to "monitoring.push-gateway" { tcp = [9091] }
    deny report to "monitoring.push-gateway" { tcp = [9092] }
  }
}

target "production" {
  cni      = "kubernetes"
  switches = { cluster_network_policy = true }
}
