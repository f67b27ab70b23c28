# Whom a waypoint cannot speak for, and for whom it does not decide.
namespace "shop" {
  waypoint = "way"
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
  allow world to api {
    tcp  = ["http"]
    http = ["GET /**"]
  }
  allow web to "pods-of-api" {}
  allow web to web {
    tcp  = [9090]
    http = ["GET /**"]
  }
}

group "pods-of-api" { members = [pods({ app = "api", canary = any }, { "kubernetes.io/metadata.name" = "shop" })] }
