# Names that may be resolved. Where the namespace keeps plain DNS they restrict nothing, so it goes without.
namespace "shop" {
  dns = false
  workload "web" { labels = { app = "web" } }
  allow web to dns { dns = ["*.shop.svc.cluster.local", "api.stripe.com"] }
}
