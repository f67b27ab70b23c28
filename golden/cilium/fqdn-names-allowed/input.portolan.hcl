# Without plain DNS, rules for names carry the proxy themselves, and no further name may be resolved.
external "stripe" { fqdns = ["api.stripe.com"] }

namespace "shop" {
  dns = false
  workload "web" { labels = { app = "web" } }
  allow web to dns { dns = ["*.stripe.com"] }
  allow web to stripe { tcp = [443] }
}
