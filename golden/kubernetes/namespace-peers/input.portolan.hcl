# Namespaces by label and by name.
namespace "shop" {
  workload "api" { labels = { app = "api" } }
  allow "teams" {
    from = [namespaces({ team = ["red", "blue"] })]
    to   = [api]
    tcp  = [8080]
  }
  allow "agents" {
    from = [pods({ app = "agent" }, { team = "red" })]
    to   = [api]
    tcp  = [8081]
  }
  allow "agents-anywhere" {
    from = [pods({ app = "agent" }, any)]
    to   = [api]
    tcp  = [8082]
  }
  allow monitoring to api { tcp = [9090] }
}

namespace "monitoring" { managed = false }
