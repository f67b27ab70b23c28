# A deny of all pods is one of DNS too: the rule by name stands, and lets nothing
# pass, since nobody can ask for the name.
external "cards" { fqdns = ["api.cards.example"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to cards { tcp = [443] }
  deny shop to cluster {}
}
