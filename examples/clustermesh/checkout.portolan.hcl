# A checkout whose ledger runs in another cluster, connected by Cilium's ClusterMesh.
namespace "checkout" {
  description = "carts and orders; the books are kept elsewhere"

  workload "web" {
    labels = { app = "web" }
    ports  = { http = 8080 }
  }

  workload "orders" {
    labels = { app = "orders" }
    ports  = { http = 8080, events = 9092 }
  }

  allow web to orders { tcp = ["http"] }

  allow orders to "ledger.api" {
    description = "writes what was sold into the books"
    tcp         = [8443]
    targets     = ["east"]
  }

  allow "ledger.audit" to orders {
    description = "auditors follow the events"
    tcp         = ["events"]
    targets     = ["east"]
  }

  allow orders to ledger-stub {
    description = "the laboratory's cluster is connected to none"
    tcp         = [8443]
    targets     = ["lab"]
  }
}
