# Nothing here reads DNS queries.
namespace "shop" {
  dns = false
  workload "web" { labels = { app = "web" } }
  allow web to dns { # want P4003 "every name be resolved"
    udp = [53]
    dns = ["*.example.com"]
  }
}
