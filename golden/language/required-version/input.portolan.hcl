# What the configuration needs of Portolan itself.
portolan {
  required_version = ">= 0.1, < 99.0"
  language         = 1
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow self to web { tcp = [80] }
}
