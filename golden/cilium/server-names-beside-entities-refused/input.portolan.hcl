# The API server may be a part of the world: what is asked of the one is not kept apart from what is not asked of the other.
namespace "shop" {
  workload "api" { labels = { app = "api" } }
  allow apiserver to api { # want P4023 "may make of the same peers"
    tcp = [443]
    sni = ["hooks.example.com"]
    at  = "destination"
  }
  allow world to api { tcp = [443] }
}
