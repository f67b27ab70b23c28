# Address ranges; one with exceptions is a source of its own.
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["192.168.0.0/24"]
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow "offices" {
    from = [cidr("198.51.100.0/24"), cidr("203.0.113.0/24", "203.0.113.128/25", "203.0.113.7/32"), cidr("2001:db8::/32")]
    to   = [web]
    tcp  = [8443]
  }
  allow "wide" {
    from = [cidr("10.0.0.0/8")]
    to   = [web]
    tcp  = [8080]
  }
}
