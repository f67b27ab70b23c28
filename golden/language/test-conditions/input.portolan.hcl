# Tests speak of tokens and servers' names in the words of rules.
issuer "auth" {
  issuer   = "https://auth.example.com"
  jwks_uri = "https://auth.example.com/keys"
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
    tcp  = ["http"]
    http = ["GET /admin/**"]
    jwt  = { issuer = "auth", claims = { role = ["admin"] } }
  }

  test "admins see what others do not" {
    allow web to api {
      tcp  = ["http"]
      http = ["GET /admin/users"]
      jwt  = { issuer = "auth", claims = { role = ["admin"] } }
    }
    deny "everybody" {
      from = [others]
      to   = [api]
      tcp  = ["http"]
      jwt  = "auth"
    }
  }
}

target "mesh" {
  cni  = "calico"
  mesh = "istio"
}
