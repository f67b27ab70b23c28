# Anywhere is no `from` at all; without some addresses it is `notIpBlocks`.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow anywhere to web { tcp = [8443] }
  allow anywhere to api { tcp = any }
  allow "but-abuse" {
    from   = [anywhere]
    except = [abuse]
    to     = [web]
    tcp    = [8080]
  }
}
external "abuse" { cidrs = ["192.0.2.0/24", "203.0.113.0/24"] }
