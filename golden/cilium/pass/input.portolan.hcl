# What a pass takes out of its tier's denies is decided by the rules after it.
external "partners" { cidrs = ["198.51.100.0/24"] }

tier "security" {
  order = 100
  pass "partners" {
    from = [partners]
    to   = [shop.web]
    tcp  = [443]
  }
}

tier "perimeter" {
  order = 200
  deny "outside" {
    from = [world]
    to   = [shop.db]
  }
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow world to web { tcp = [443] }
}
