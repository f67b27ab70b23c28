# Every port has its protocol; a range has endPort; every port of a protocol is the protocol alone.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "game" { labels = { app = "game" } }
  allow web to game {
    tcp = [80, "8000-8080", 443]
    udp = any
  }
  allow game to web {}
}
