# Of a rule that restricts requests Cilium's proxy asks no name of a server, and of one that asks for a name no request: for peers of both, either lets all pass.
external "saas" { cidrs = ["198.51.100.0/24"] }
external "cdn" { cidrs = ["198.51.100.0/26", "203.0.113.0/24"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to saas { # want P4023 "let all of them pass"
    tcp = [8443]
    sni = ["api.example.com"]
  }
  allow web to cdn {
    tcp  = ["8000-9000"]
    http = ["GET /public"]
  }
}
