# ICMP by type, by type and code, or all of it.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  workload "db" { labels = { app = "db" } }

  allow web to api {
    icmp   = [8]
    icmpv6 = [128]
  }
  allow api to db {
    icmp   = any
    icmpv6 = any
    tcp    = [5432]
  }
}
