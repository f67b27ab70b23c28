# Sidecars look for tokens at every port but those of their agents, which stay open to whom another rule lets in.
issuer "auth" {
  issuer   = "https://auth.example"
  jwks_uri = "https://auth.example/keys"
}

namespace "shop" {
  mtls = "strict"
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
    ports           = { http = { port = 8080, protocol = "http" } }
  }
  workload "tracer" {
    labels          = { app = "tracer" }
    service_account = "tracer"
  }
  allow self to api {
    tcp = ["http"]
    jwt = "auth"
  }
  allow tracer to api { tcp = any }
}
