# The address that a client had before the proxies, of requests and of connections.
external "office" {
  cidrs  = ["203.0.113.0/24", "2001:db8::/32"]
  except = ["203.0.113.128/25"]
}
namespace "edge" {
  workload "gateway" {
    labels          = { app = "gateway" }
    service_account = "gateway"
  }
}
namespace "shop" {
  workload "api" {
    labels = { app = "api" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
  allow "edge.gateway" to api {
    tcp    = ["http"]
    http   = ["GET /"]
    client = [office]
  }
  allow "raw" {
    from   = ["edge.gateway"]
    to     = [api]
    tcp    = [9000]
    client = ["198.51.100.7"]
  }
}
