# Names as destinations. DNS of the subject passes the proxy, all names allowed, so that addresses are learnt; the namespace's own object stays as it is.
external "stripe" { fqdns = ["api.stripe.com", "*.stripe.network"] }
external "mirrors" { fqdns = ["**.debian.org"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "build" { labels = { app = "build" } }
  allow web to stripe { tcp = [443] }
  allow build to mirrors { tcp = [80, 443] }
}
