# A deny for every pod stands in the mesh's root namespace; an allow in each closed namespace.
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["192.168.0.0/24"]
}
namespace "shop" {}
namespace "ops" {}
namespace "monitoring" {
  managed = false
  workload "prometheus" {
    labels          = { app = "prometheus" }
    service_account = "prometheus"
  }
}
allow "scrape" {
  from = ["monitoring.prometheus"]
  to   = [cluster]
  tcp  = [9090]
  at   = "destination"
}
external "abuse" { cidrs = ["192.0.2.0/24"] }
deny abuse to cluster {}
