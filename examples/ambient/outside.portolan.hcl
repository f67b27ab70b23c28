# Who is not in the mesh. `mesh = false` is a fact: the CNI sees the ports of what
# these send and take, and nothing that they send has an identity.
namespace "depots" {
  mesh = false

  workload "scanners" {
    labels = { app = "scanner-gateway" }
    ports  = { query = 9000 }
  }
}

namespace "monitoring" {
  managed = false
  mesh    = false

  workload "prometheus" { labels = { app = "prometheus" } }
}
