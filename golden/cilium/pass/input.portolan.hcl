# What a pass takes past its tier's end is decided by the rules after it.
external "partners" { cidrs = ["198.51.100.0/24"] }

tier "perimeter" {
  order   = 100
  default = "deny"
  pass "partners" {
    from = [partners]
    to   = [shop.web]
    tcp  = [443]
  }
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow world to web { tcp = [443, 8443] }
}
