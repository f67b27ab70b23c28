# A pass takes traffic out of its tier, ahead of the tier's allows.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }

  allow web to db { tcp = [5432] }
}

namespace "ops" {
  workload "admin" { labels = { app = "admin" } }
}

tier "operations" {
  order = 50

  allow "ops.admin" to shop { tcp = any }
  pass "ops.admin" to "shop.db" { tcp = [5432] }
  deny ops to "shop.web" {
    except = ["ops.admin"]
    tcp    = [9000]
  }
}
