# Every connection in the bank is mutual TLS, but for one port: the monitoring
# stands outside the mesh and reads metrics in the clear.
namespace "bank" {
  mtls = "strict"

  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
    ports           = { http = { port = 8080, protocol = "http" } }
  }

  workload "accounts" {
    labels          = { app = "accounts" }
    service_account = "accounts"
    ports = {
      http    = { port = 8080, protocol = "http" }
      metrics = { port = 9187, protocol = "http" }
    }
    mtls_ports = { 9187 = "permissive" }
  }

  workload "ledger" {
    labels          = { app = "ledger" }
    service_account = "ledger"
    ports           = { postgres = { port = 5432, protocol = "tcp" } }
  }

  allow "ingress.gateway" to web {
    description = "customers, by way of the mesh's own gateway"
    tcp         = ["http"]
  }

  allow web to accounts {
    description = "balances and payments"
    tcp         = ["http"]
    http        = ["GET /accounts/**", "POST /payments"]
  }

  allow accounts to ledger {
    description = "the books"
    tcp         = ["postgres"]
  }

  allow "monitoring.prometheus" to accounts {
    description = "metrics, in the clear"
    tcp         = ["metrics"]
  }

  test "the ledger is for one service" {
    allow accounts to ledger { tcp = [5432] }
    deny web to ledger {}
    deny "monitoring.prometheus" to ledger {}
  }

  test "monitoring sees metrics only" {
    deny "monitoring.prometheus" to accounts { tcp = [8080] }
  }
}
