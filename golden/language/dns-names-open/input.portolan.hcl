# Where DNS is kept reachable anyhow, a list of names restricts nothing.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to dns { dns = ["api.example.com"] }
}
