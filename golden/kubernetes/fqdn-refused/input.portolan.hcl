# A NetworkPolicy knows addresses only.
external "stripe" { fqdns = ["api.stripe.com"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to stripe { tcp = [443] } # want P4004 "DNS names"
}
