# A mesh reads no DNS queries.
namespace "shop" {
  dns = false
  workload "web" { labels = { app = "web" } }
  allow web to dns { # want P4003 "DNS queries"
    udp = [53]
    dns = ["*.example.com"]
  }
}
