# Every pod: by identity where mutual TLS is strict, else by address.
cluster {
  pod_cidrs = ["10.244.0.0/16", "fd00:244::/56"]
}
namespace "shop" {
  mtls = "strict"
  workload "api" { labels = { app = "api" } }
  allow "pods" {
    from = [cluster]
    to   = [api]
    tcp  = [8080]
  }
}
namespace "lab" {
  workload "api" { labels = { app = "api" } }
  allow "pods" {
    from = [cluster]
    to   = [api]
    tcp  = [8080]
  }
}
