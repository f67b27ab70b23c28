# Which addresses a DNS name has is not known, so it cannot be taken out of a range.
external "tracker" { fqdns = ["tracker.example.com"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to "cdn" { tcp = [443] }
  deny web to tracker { tcp = [443] } # want P4005 "names and addresses"
}

external "cdn" { cidrs = ["198.51.100.0/24"] }
