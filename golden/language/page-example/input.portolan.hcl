# The language page's example, as it stands there.
namespace "shop" { # closed both ways, DNS kept, unless said otherwise
  workload "frontend" {
    labels          = { tier = "frontend" }
    service_account = "frontend"
  }
  workload "backend" {
    labels          = { tier = "backend" }
    service_account = "backend"
    ports           = { http = 8080, metrics = 9187 }
  }
  workload "database" { labels = { tier = "database" } }

  allow anywhere to frontend { tcp = [80, 443] }
  allow frontend to backend {
    description = "the storefront reads the catalogue and places orders"
    tcp         = ["http"]
    http        = ["GET /api/**", "POST /api/orders"]
  }
  allow backend to database { tcp = [5432] }
  allow backend to stripe { tcp = [443] }
  allow "monitoring.prometheus" to backend { tcp = ["metrics"] }

  test "the database is private" {
    allow backend to database { tcp = [5432] }
    deny frontend to database {}
    deny database to world {}
  }
}

namespace "monitoring" {
  managed = false # others' namespace: names only, nothing is emitted in it
  workload "prometheus" {
    labels          = { app = "prometheus" }
    service_account = "prometheus"
  }
}

external "stripe" { fqdns = ["api.stripe.com"] }
external "abuse" { cidrs = ["192.0.2.0/24", "203.0.113.0/24"] }

tier "security" {
  order = 100
  deny abuse to cluster {}
}

target "eu" { cni = "cilium" }
