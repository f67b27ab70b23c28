# A rule without names for the same peers and port would be held to the names, patterns are new in 1.18, and no deny asks for names.
external "saas" { cidrs = ["198.51.100.0/24"] }
external "other" { cidrs = ["203.0.113.0/24"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to saas { # want P4023 "same peers and port without names"
    tcp = [443]
    sni = ["api.example.com"]
  }
  allow self to saas { tcp = [443] }
  allow web to other { # want P4028 "1.17 is not known"
    tcp = [443]
    sni = ["*.example.com"]
  }
  deny "bad" { # want P4028 "deny rules have no names"
    from = [web]
    to   = [other]
    tcp  = [444]
    sni  = ["bad.example.com"]
  }
}
