# The address that a client had before proxies that are trusted.
external "office" {
  cidrs  = ["198.51.100.0/24"]
  except = ["198.51.100.192/26"]
}
cluster {
  ingress { workload = "edge.gateway" }
}
namespace "edge" {
  workload "gateway" {
    labels          = { app = "gateway" }
    service_account = "gateway"
  }
}
namespace "shop" {
  workload "admin" {
    labels = { app = "admin" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
  allow ingress to admin {
    tcp    = ["http"]
    client = [office, "203.0.113.7"]
  }
}
target "istio" { mesh = "istio" }
