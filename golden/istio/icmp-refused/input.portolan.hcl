# A mesh sees TCP only.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow "ping" { # want P4007 "TCP only"
    from = [self]
    to   = [web]
    icmp = [8]
  }
}
