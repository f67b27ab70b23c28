# Numbers, ranges, every port of a protocol. A protocol not named is not in the rule.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }

  allow web to api {
    tcp  = [80, "8000-8080", 443, 8079, "8081"]
    udp  = any
    sctp = [3868]
  }
}
