# A dry run adds policies. What would take from an enforced one cannot be tried.
namespace "shop" {
  workload "api" { labels = { app = "api" } }
}
tier "first" {
  order = 10
  allow anywhere to "shop.api" { tcp = [80, 81] }
  pass "on" {
    from = [anywhere]
    to   = ["shop.api"]
    tcp  = [81]
    mode = "staged"
  }
}
