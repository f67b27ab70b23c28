# A tier that denies by default lets through what it allows or passes, and nothing else.
tier "payments" {
  order   = 100
  default = "deny"
  allow "gateway" {
    from = [shop.gateway]
    to   = [shop.ledger]
    tcp  = [8443]
    at   = "destination"
  }
  pass "admin" {
    from = [shop]
    to   = [shop.ledger]
    tcp  = [9000]
    at   = "destination"
  }
}

namespace "shop" {
  workload "gateway" { labels = { app = "gateway" } }
  workload "ledger" { labels = { app = "ledger" } }
  workload "tool" { labels = { app = "tool" } }
  allow tool to ledger { tcp = [8443, 9000] }
  allow gateway to ledger {
    tcp = [8443]
    at  = "source"
  }
}
