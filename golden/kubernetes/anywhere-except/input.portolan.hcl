# anywhere with something taken out is pods and address ranges; as all pods and nodes stay in, no fact is needed.
external "abuse" { cidrs = ["192.0.2.0/24", "203.0.113.0/24"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow "all-but-abuse" {
    from   = [anywhere]
    to     = [web]
    tcp    = [443]
    except = [abuse]
  }
}
