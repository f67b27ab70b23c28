# A name that nobody may ask for is never learnt; names are no peers of a deny.
external "stripe" { fqdns = ["api.stripe.com"] }
external "ads" { fqdns = ["ads.example.com"] }

namespace "shop" {
  dns = false
  workload "web" { labels = { app = "web" } }
  allow web to stripe { tcp = [443] } # want P4004 "learns a name's addresses"
  deny web to ads { tcp = [443] }     # want P4004 "destinations of allows only"
}
