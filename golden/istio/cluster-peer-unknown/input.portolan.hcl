# Without pod_cidrs and strict mutual TLS, pods outside the mesh are left out, with a warning.
namespace "shop" {
  workload "api" { labels = { app = "api" } }
  allow "pods" {
    from = [cluster]
    to   = [api]
    tcp  = [8080]
  }
}
