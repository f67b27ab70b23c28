# Where pods may ask for some names only, Cilium takes neither a port whose number is not known nor other rules
# that its proxy reads on the port of DNS; and a port's name may be any number beside names of servers.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  workload "job" { labels = { app = "job" } }
  allow web to dns { dns = ["**.example.com"] }
  allow web to legacy { tcp = ["admin"] } # want P4008 "may be that of DNS"
  allow api to dns { dns = ["**.example.com"] }
  allow "doh" { # want P4023 "read DNS on the same port"
    from = [api]
    to   = [partner]
    tcp  = [53]
    http = ["POST /dns-query"]
  }
  allow "dot" { # want P4023 "read DNS on the same port"
    from = [api]
    to   = [other]
    tcp  = [53]
    sni  = ["dns.example.com"]
  }
  allow "named" { # want P4023 "restricts requests"
    from = [job]
    to   = [legacy]
    tcp  = ["tls"]
    sni  = ["db.example.com"]
  }
  allow "numbered" {
    from = [job]
    to   = [namespaces({ team = "red" })]
    tcp  = [8443]
    http = ["GET"]
  }
}

namespace "legacy" { managed = false }

external "partner" { cidrs = ["192.0.2.0/24"] }
external "other" { cidrs = ["198.51.100.0/24"] }
