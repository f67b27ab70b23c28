# Codes and "every type" have no form, and type 0 would be every type.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "probe" { labels = { app = "probe" } }
  allow "code" { # want P4007 "types and no codes"
    from = [probe]
    to   = [web]
    icmp = ["3/4"]
  }
  allow "zero" { # want P4007 "type 0"
    from = [probe]
    to   = [web]
    icmp = [0, 8]
  }
  allow "every" { # want P4007 "every ICMP type"
    from   = [probe]
    to     = [web]
    icmpv6 = any
  }
}
