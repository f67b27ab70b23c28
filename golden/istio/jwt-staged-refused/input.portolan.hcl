# Tokens have to be validated before a policy can ask for them, and that has no dry run.
issuer "auth" {
  issuer   = "https://auth.example.com"
  jwks_uri = "https://auth.example.com/jwks.json"
}
namespace "shop" {
  workload "api" {
    labels = { app = "api" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
  allow anywhere to api {
    tcp  = ["http"]
    jwt  = "auth"
    mode = "staged"
  }
}
