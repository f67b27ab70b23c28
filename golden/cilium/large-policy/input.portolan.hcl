# A policy that takes more entries than an endpoint has room for is rendered, with a warning.
external "many" { cidrs = [for i in range(120) : "198.18.${2 * i}.0/24"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow many to web { tcp = [for i in range(150) : 1001 + 2 * i] } # want P4022 "policy map"
}
