# Names of TLS servers, as clients state them.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }

  allow web to world {
    tcp = [443]
    sni = ["api.cards.example", "*.eu.cards.example"]
  }
  allow web to api {
    tcp = [8443]
    sni = ["api.shop.example"]
  }
}
target "cilium" { cni = "cilium" }
