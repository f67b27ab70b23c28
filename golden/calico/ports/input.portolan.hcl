# Ports and ranges: a rule for each protocol.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db {
    tcp  = [5432, "8000-8080"]
    udp  = any
    sctp = [7777]
  }
}
