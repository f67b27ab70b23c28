# What only a proxy knows of a request or a connection, a target of addresses and ports does not.
issuer "auth" {
  issuer   = "https://auth.example.com"
  jwks_uri = "https://auth.example.com/jwks.json"
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" {
    labels = { app = "api" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
  allow "token" {
    from = [web]
    to   = [api]
    tcp  = ["http"]
    jwt  = "auth"
  }
  allow "server" {
    from = [web]
    to   = [api]
    tcp  = [8443]
    sni  = ["api.example.com"]
  }
  allow "client" {
    from   = [web]
    to     = [api]
    tcp    = ["http"]
    client = ["203.0.113.0/24"]
  }
}
