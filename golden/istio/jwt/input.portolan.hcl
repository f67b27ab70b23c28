# Tokens: validated where a rule asks for one, and asked for in the rule. What an app reads of its token it still gets.
issuer "auth" {
  issuer    = "https://auth.example.com"
  jwks_uri  = "https://auth.example.com/jwks.json"
  audiences = ["shop"]
}
issuer "ci" {
  issuer   = "https://ci.example.com/"
  jwks_uri = "https://ci.example.com/keys"
}
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels = { app = "api" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
  workload "admin" {
    labels = { app = "admin" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
  workload "jobs" {
    labels = { app = "jobs" }
    ports  = { grpc = { port = 9000, protocol = "grpc" } }
  }
  allow web to api {
    tcp  = ["http"]
    http = ["GET /api/**"]
    jwt  = "auth"
  }
  allow anywhere to admin {
    tcp = ["http"]
    jwt = { issuer = "auth", audiences = ["admin"], claims = { role = ["admin", "owner"], "realm_access.roles" = any, "https://example\\.com/tier" = ["gold"] } }
  }
  allow "deploy" {
    from = [anywhere]
    to   = [jobs]
    tcp  = ["grpc"]
    grpc = ["jobs.Runner/Start"]
    jwt  = [{ issuer = "ci", subject = ["deployer", "release"] }, "auth"]
  }
  deny "guests" {
    from = [anywhere]
    to   = [admin]
    tcp  = ["http"]
    jwt  = { issuer = "auth", claims = { role = ["guest"] } }
  }
}
