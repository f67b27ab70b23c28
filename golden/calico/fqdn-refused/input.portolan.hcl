# Open source Calico has no DNS names as peers.
external "stripe" { fqdns = ["api.stripe.com"] }
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to stripe { tcp = [443] }
}
