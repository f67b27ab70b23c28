# "narrowed" takes the rule out.
external "cards" { fqdns = ["api.cards.example"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow self to web { tcp = [8080] }
  allow web to cards { tcp = [443] }
}

target "plain" {
  cni = "kubernetes"
  accept "narrowed" {
    lacks  = ["fqdn"]
    rules  = ["shop/web->cards"]
    reason = "this cluster takes no payments"
  }
}
