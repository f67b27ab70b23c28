# Namespaces by name, by label and by exception; peers that differ in the namespace alone are one rule.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow "monitoring.prometheus" to web { tcp = [9090] }
  allow teams {
    from = [namespaces({ team = ["a", "b"], stage = not("test") })]
    to   = [web]
    tcp  = [8080]
  }
  allow two-namespaces {
    from = [monitoring, logging]
    to   = [web]
    tcp  = [8081]
  }
}
namespace "monitoring" {
  managed = false
  workload "prometheus" { labels = { app = "prometheus" } }
}
namespace "logging" { managed = false }
