# Tokens are validated where requests are read.
issuer "auth" {
  issuer   = "https://auth.example.com"
  jwks_uri = "https://auth.example.com/keys"
}

namespace "shop" {
  waypoint = "way"
  mtls     = "strict"
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
    ports           = { http = { port = 8080, protocol = "http" } }
    services        = { api = { 80 = "http" } }
  }
  allow web to api {
    tcp  = ["http"]
    http = ["GET /orders/**"]
    jwt  = { issuer = "auth", claims = { role = ["clerk"] } }
  }
}
