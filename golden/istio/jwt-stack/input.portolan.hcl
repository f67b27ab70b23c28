# In a stack the mesh asks for the token, and the CNI keeps the ports.
issuer "auth" {
  issuer   = "https://auth.example.com"
  jwks_uri = "https://auth.example.com/jwks.json"
}
namespace "shop" {
  mtls = "strict"
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
    jwt = { issuer = "auth", claims = { role = ["admin"] } }
  }
}
target "stack" {
  cni  = "calico"
  mesh = "istio"
}
