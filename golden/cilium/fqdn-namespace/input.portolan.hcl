# Where the subject is the namespace, its own DNS rule passes the proxy.
external "registry" { fqdns = ["registry.example.com"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow self to registry { tcp = [443] }
}
