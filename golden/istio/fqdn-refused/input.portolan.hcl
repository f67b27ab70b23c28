# DNS names are peers of egress rules, which a mesh does not govern but a rule may not lose.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to stripe { tcp = [443] } # want P4004 "outside the mesh"
}
external "stripe" { fqdns = ["api.stripe.com"] }
