# What of a rule's conditions a target lacks is taken out of the rule, or the
# rule is, and what validates its tokens goes with it.
issuer "staff" {
  issuer   = "https://staff.example.com"
  jwks_uri = "https://staff.example.com/keys"
}
external "office" { cidrs = ["198.51.100.0/24"] }
namespace "edge" {
  workload "gateway" {
    labels          = { app = "gateway" }
    service_account = "gateway"
  }
}
namespace "shop" {
  workload "api" {
    labels = { app = "api" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
  allow "edge.gateway" to api {
    tcp = ["http"]
    jwt = { issuer = "staff", claims = { role = ["clerk", "admin"] } }
  }
  allow "admin" {
    from   = [edge.gateway]
    to     = [api]
    tcp    = ["http"]
    http   = ["* /admin/**"]
    client = [office]
  }
  allow "partner" {
    from = [edge.gateway]
    to   = [api]
    tcp  = [8443]
    sni  = ["api.shop.example"]
  }
}
target "cilium" {
  cni = "cilium"
  accept "widened" {
    lacks  = ["jwt"]
    rules  = ["shop/edge.gateway->api"]
    reason = "the gateway validates tokens already"
  }
  accept "narrowed" {
    lacks  = ["client"]
    rules  = ["shop/admin"]
    reason = "administration waits for the mesh"
  }
}
target "kubernetes" {
  cni = "kubernetes"
  accept "widened" {
    lacks  = ["jwt", "client", "http", "sni"]
    rules  = ["shop/edge.gateway->api", "shop/admin", "shop/partner"]
    reason = "there is nothing that reads requests"
  }
}
