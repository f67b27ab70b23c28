# A rule asks for a token; what validates it refuses tokens that are not valid.
issuer "staff" {
  issuer   = "https://staff.example.com"
  jwks_uri = "https://staff.example.com/keys"
}
issuer "partners" {
  issuer    = "https://partners.example.org"
  jwks_uri  = "https://partners.example.org/keys"
  audiences = ["shop"]
}
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
    ports           = { http = { port = 8080, protocol = "http" } }
  }

  allow web to api {
    tcp = ["http"]
    jwt = ["staff", "partners"]
  }
  allow "orders" {
    from = [anywhere]
    to   = [api]
    tcp  = ["http"]
    http = ["POST /orders/**"]
    jwt = {
      issuer = "staff"
      claims = { role = ["clerk", "admin"], "realm.tenant" = any }
    }
  }
  deny "robots" {
    from = [anywhere]
    to   = [api]
    tcp  = ["http"]
    jwt = {
      issuer    = "partners"
      subject   = "robot"
      audiences = ["shop"]
    }
  }
}
target "istio" { mesh = "istio" }
