# ICMP by type and code, a rule for each; the protocol's name implies the family.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db {
    icmp   = [8, "3/4"]
    icmpv6 = any
  }
}
