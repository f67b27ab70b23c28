# What is passed skips the rest of its tier and is decided later.
tier "guard" {
  order = 100
  pass "partners" {
    from = [shop.web]
    to   = [shop.db]
    tcp  = [5432]
    at   = "destination"
  }
  allow "everything" {
    from = [shop]
    to   = [shop.db]
    tcp  = ["5000-6000"]
    at   = "destination"
  }
}

tier "freeze" {
  order = 200
  deny "maintenance" {
    from = [shop]
    to   = [shop.db]
  }
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
}
