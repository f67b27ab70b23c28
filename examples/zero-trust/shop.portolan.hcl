# A team's namespace. Without this file its pods would be closed all the same.
namespace "shop" {
  workload "web" {
    labels = { app = "web" }
    ports  = { http = 8080, metrics = 9102 }
  }

  workload "orders" {
    labels = { app = "orders" }
    ports  = { http = 8080, metrics = 9187 }
  }

  allow world to web {
    description = "customers"
    tcp         = ["http"]
  }

  allow web to orders { tcp = ["http"] }

  test "Prometheus reads metrics and no more" {
    allow "monitoring.prometheus" to orders { tcp = [9187] }
    deny "monitoring.prometheus" to orders { tcp = [8080] }
  }

  test "blocked addresses do not get in, not even to what is public" {
    allow world to web {
      except = [abuse]
      tcp    = [8080]
    }
    deny abuse to web {}
  }

  test "orders stays inside" {
    deny orders to world {}
    deny world to orders {}
  }
}

test "no pod reads its node's credentials" {
  deny cluster to metadata { tcp = [80] }
}
