# The same namespace, enforced: without `mode`, and with tests of what must be denied,
# which could not hold before.
namespace "warehouse" {
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

  test "the database is behind the stock service" {
    allow stock to database { tcp = [5432] }
    deny orders to database {}
    deny others to database {}
  }
}

namespace "shop" {
  managed = false

  workload "checkout" { labels = { app = "checkout" } }
}

target "production" { cni = "calico" }
