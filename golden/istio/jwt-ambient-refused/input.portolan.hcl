# ztunnel reads no requests, and so neither tokens nor what proxies say of a client.
issuer "auth" {
  issuer   = "https://auth.example.com"
  jwks_uri = "https://auth.example.com/jwks.json"
}
namespace "shop" {
  workload "api" {
    labels = { app = "api" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
  allow "tokens" {
    from = [anywhere]
    to   = [api]
    tcp  = ["http"]
    jwt  = "auth"
  }
  allow "clients" {
    from   = [anywhere]
    to     = [api]
    tcp    = [8081]
    client = ["203.0.113.0/24"]
  }
}
