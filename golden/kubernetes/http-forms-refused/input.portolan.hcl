# Regular expressions, hosts and headers are HTTP as well.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow "regex" { # want P4001 "reads no requests"
    from = [web]
    to   = [api]
    tcp  = [8080]
    http = ["GET ~/v[0-9]+/items"]
  }
  allow "hosts" { # want P4001 "reads no requests"
    from = [web]
    to   = [api]
    tcp  = [8081]
    http = [{ hosts = ["api.example.com"] }]
  }
  allow "headers" { # want P4001 "reads no requests"
    from = [web]
    to   = [api]
    tcp  = [8082]
    http = [{ headers = { "x-tenant" = "a" } }]
  }
}
