# A shop in three tiers. The namespace is closed both ways; what stands here is
# all that may talk, and DNS.
namespace "shop" {
  description = "the web shop"

  workload "frontend" {
    labels          = { app = "shop", tier = "frontend" }
    service_account = "frontend"
    ports           = { http = 8080 }
  }

  workload "backend" {
    labels          = { app = "shop", tier = "backend" }
    service_account = "backend"
    ports           = { api = 9000 }
  }

  workload "database" {
    labels          = { app = "shop", tier = "database" }
    service_account = "database"
    ports           = { postgres = 5432 }
  }

  allow anywhere to frontend {
    description = "customers, by way of the load balancer"
    tcp         = ["http"]
    at          = "destination" # opens the frontend, and nobody's egress
  }

  allow frontend to backend {
    description = "pages are made of what the API answers"
    tcp         = ["api"]
  }

  allow backend to database {
    description = "orders and stock"
    tcp         = ["postgres"]
  }
}
