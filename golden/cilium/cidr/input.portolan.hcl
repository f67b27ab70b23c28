# External addresses with exceptions are CIDR sets with a prefix; they never match pods or nodes.
external "partner" {
  cidrs  = ["198.51.100.0/24", "203.0.113.7/32", "2001:db8::/32"]
  except = ["198.51.100.128/25"]
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow partner to web { tcp = [443] }
  allow "inline" {
    from = [web]
    to   = [cidr("10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/16")]
    tcp  = [443]
  }
}
