# A namespace that was open so far, with the default deny on trial: Calico reports
# what it would deny and what the rules would let through. Nothing is enforced.
namespace "warehouse" {
  mode = "staged"

  workload "orders" {
    labels = { app = "orders" }
    ports  = { http = 8080 }
  }

  workload "stock" {
    labels = { app = "stock" }
    ports  = { http = 8080 }
  }

  workload "database" {
    labels = { app = "database" }
    ports  = { postgres = 5432 }
  }

  allow "shop.checkout" to orders { tcp = ["http"] }
  allow orders to stock { tcp = ["http"] }
  allow stock to database { tcp = ["postgres"] }
}

namespace "shop" {
  managed = false

  workload "checkout" { labels = { app = "checkout" } }
}

target "production" { cni = "calico" }
