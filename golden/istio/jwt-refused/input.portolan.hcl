# What Istio cannot ask of a token, and where it reads none.
issuer "auth" {
  issuer   = "https://auth.example.com"
  jwks_uri = "https://auth.example.com/jwks.json"
}
namespace "shop" {
  workload "api" {
    labels = { app = "api" }
    ports  = { http = { port = 8080, protocol = "http" }, db = { port = 5432, protocol = "tcp" }, other = 9000 }
  }
  allow "a-slash" {
    from = [anywhere]
    to   = [api]
    tcp  = ["http"]
    jwt  = { issuer = "auth", subject = ["team/robot"] }
  }
  allow "a-blank" {
    from = [anywhere]
    to   = [api]
    tcp  = ["http"]
    jwt  = { issuer = "auth", claims = { scope = ["read write"] } }
  }
  allow "no-requests" {
    from = [anywhere]
    to   = [api]
    tcp  = ["db"]
    jwt  = "auth"
  }
  deny "unknown-protocol" {
    from = [anywhere]
    to   = [api]
    tcp  = ["other"]
    jwt  = { issuer = "auth", claims = { role = ["guest"] } }
  }
}
