# Which namespaces have a label is not known, and a mesh knows them by name.
namespace "shop" {
  workload "api" { labels = { app = "api" } }
  allow "team" { # want P4009 "namespace name"
    from = [namespaces({ team = "a" })]
    to   = [api]
    tcp  = [8080]
  }
}
