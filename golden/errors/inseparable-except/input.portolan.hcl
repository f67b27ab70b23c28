# What is known by address cannot be taken out of what is known by name, nor the other way round.
external "mirror" { fqdns = ["mirror.example.com"] }
external "range" { cidrs = ["198.51.100.0/24"] }
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow "out" {
    from      = [web]
    to        = [world]
    except_to = [mirror] # want P2010 "\"mirror\" cannot be taken out of \"world\""
    tcp       = [443]
  }
  allow "named" {
    from      = [web]
    to        = [mirror]
    except_to = [range] # want P2010 "cannot be taken out"
    tcp       = [443]
  }
  allow "all" {
    from      = [web]
    to        = [anywhere]
    except_to = [apiserver] # want P2010 "cannot be taken out"
    tcp       = [443]
  }
}
