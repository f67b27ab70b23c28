cluster { external_traffic = "rewritten" }
external "abuse" { cidrs = ["192.0.2.0/24"] }
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow world to web { tcp = [443] } # want P2121 "has the address of a node"
  deny "bad" {
    from = [self, abuse] # want P2121 "is about \"abuse\""
    to   = [web]
    tcp  = [8443]
  }
  allow "both" {
    from = [world, nodes]
    to   = [web]
    tcp  = [8080]
  }
}
