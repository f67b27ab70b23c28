# Namespaces by name, by label, by what they are not. A negative selector demands a namespace, or nodes and the outside would match.
namespace "shop" {
  workload "api" { labels = { app = "api" } }
  allow "by-label" {
    from = [namespaces({ team = "checkout", "example.com/stage" = ["dev", "prod"] })]
    to   = [api]
    tcp  = [80]
  }
  allow "by-absence" {
    from = [namespaces({ quarantine = absent, tier = not("test") })]
    to   = [api]
    tcp  = [81]
  }
  allow "pods-by-both" {
    from = [pods({ app = "agent" }, { team = "ops" })]
    to   = [api]
    tcp  = [82]
  }
  allow metrics to api { tcp = [83] }
}

namespace "metrics" { managed = false }
