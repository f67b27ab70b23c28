# Namespaces by name; by label where the namespaces that are meant are declared and named.
namespace "shop" {
  workload "api" { labels = { app = "api" } }
  allow ops to api { tcp = [8080] }
  allow "two" {
    from = [ops, lab]
    to   = [api]
    tcp  = [9090]
  }
  allow "team" {
    from = [namespaces({ "kubernetes.io/metadata.name" = ["ops", "lab"], team = "a" })]
    to   = [api]
    tcp  = [9091]
  }
}
namespace "ops" {
  managed = false
  labels  = { team = "a" }
}
namespace "lab" {
  managed = false
}
