# Exact names, one label more, one or more. Names compare without case and without
# a trailing dot.
external "apis" { fqdns = ["API.Example.com.", "*.example.net", "**.example.org"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "sync" { labels = { app = "sync" } }

  allow web to apis { tcp = [443] }
  allow "pull" {
    from = [sync]
    to   = [fqdn("registry.example.com", "*.cdn.example.com")]
    tcp  = [443]
  }
}
