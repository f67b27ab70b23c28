# Calico programs a rule without its http part, which would open the port for every request.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow methods {
    from = [web]
    to   = [api]
    tcp  = [8080]
    http = ["GET /api/**"]
  }
  allow regex {
    from = [web]
    to   = [api]
    tcp  = [8081]
    http = ["GET ~/v[0-9]+/.*"]
  }
  allow hosts {
    from = [web]
    to   = [api]
    tcp  = [8082]
    http = [{ hosts = ["api.example.com"] }]
  }
  allow headers {
    from = [web]
    to   = [api]
    tcp  = [8083]
    http = [{ headers = { x-team = "a" } }]
  }
  allow grpc {
    from = [web]
    to   = [api]
    tcp  = [9000]
    grpc = ["shop.Catalogue/*"]
  }
}
