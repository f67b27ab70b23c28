# Names of TLS servers are asked of TCP ports, of all that is for the same peers and port; a list is an "or".
external "saas" { cidrs = ["198.51.100.0/24"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "job" { labels = { app = "job" } }
  allow web to saas {
    tcp = [443]
    sni = ["api.example.com", "*.cdn.example.com", "**.example.org"]
  }
  allow job to web {
    tcp = [8443]
    sni = ["web.shop.svc"]
  }
  allow job to saas { tcp = [8443] }
}
