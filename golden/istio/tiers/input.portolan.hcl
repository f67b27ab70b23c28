# A tier before the rules: its allow is taken out of the deny that comes after it, and the rest is a deny.
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["192.168.0.0/24"]
}
namespace "shop" {
  mtls = "strict"
  workload "api" { labels = { app = "api" } }
  allow self to api { tcp = [8080] }
}
namespace "monitoring" {
  managed = false
  workload "prometheus" {
    labels          = { app = "prometheus" }
    service_account = "prometheus"
  }
}
tier "platform" {
  order = 100
  allow "monitoring.prometheus" to shop { tcp = [9090] }
}
tier "security" {
  order = 200
  deny monitoring to shop { tcp = [9090] }
}
