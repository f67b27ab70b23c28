# A label that Cilium leaves out of identities would match nothing, in silence.
namespace "shop" {
  workload "db" { labels = { app = "db" } }
  workload "web" { labels = { app = "web" } }
  allow "by-ordinal" { # want P4101 "label filter"
    from = [pods({ "statefulset.kubernetes.io/pod-name" = "db-0" })]
    to   = [web]
    tcp  = [80]
  }
  allow "by-long-namespace-label" { # want P4101 "too long"
    from = [namespaces({ "a-namespace-label-of-more-than-32-characters" = "yes" })]
    to   = [web]
    tcp  = [80]
  }
}
