# In ambient tokens are looked for at the waypoint: at the ports behind its Services, and at no other port of the pods.
issuer "auth" {
  issuer   = "https://auth.example"
  jwks_uri = "https://auth.example/keys"
}

cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.10.0.0/24"]
}

namespace "shop" {
  waypoint = "way"
  mtls     = "strict"
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
    ports           = { http = { port = 8080, protocol = "http" } }
    services        = { api = { 80 = "http" } }
  }
  workload "tracer" {
    labels          = { app = "tracer" }
    service_account = "tracer"
  }
  allow self to api {
    tcp = ["http"]
    jwt = "auth"
  }
  allow tracer to api { tcp = [9090] }
}
