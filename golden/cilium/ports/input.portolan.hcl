# Ports are text, protocols upper case; every port of a protocol is "0", and a rule without ports is for ICMP too.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db {
    tcp = [5432, 6432]
    udp = [5432]
  }
  allow "every-tcp" {
    from = [web]
    to   = [db]
    tcp  = any
  }
  allow db to web {}
}
