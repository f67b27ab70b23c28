# Towards pods of the mesh whose namespace is others' the sender's CNI cannot keep
# to a port, and nobody here decides at the other end.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  allow web to "billing.api" { tcp = [8080] }
}

namespace "billing" {
  managed = false
  workload "api" { labels = { app = "api" } }
}
