external "stripe" { fqdns = ["api.stripe.com"] }
group "outside" { members = [stripe, world] }
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow stripe to web { tcp = [80] } # want P1204 "stripe is known by DNS name"
  allow "in" {
    from   = [outside, fqdn("*.example.com")] # want P1204 "outside is known by DNS name" want P1204 "fqdn(\"*.example.com\") is known by DNS name"
    to     = [web]
  }
}
allow self to shop { tcp = [80] } # want P1204 "\"self\" stands only inside a namespace."
allow "workload.web" to shop { tcp = [80] } # want P1204 "\"workload.web\" stands only inside a namespace."
allow "any" to shop { tcp = [80] } # want P1204 "\"any\" is no name of a peer."
allow "pods" {
  from = [pods({ app = "x" })] # want P1204 "does not say which namespaces"
  to   = [each.value] # want P1204 "\"each\" stands only inside a namespace with for_each."
}
