# A tier that comes down to denies and allows.
namespace "shop" {
  mtls = "strict"
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
    ports           = { http = 8080, ssh = 22 }
  }
  allow web to api { tcp = ["http"] }
}

tier "security" {
  order = 10
  deny "shop.web" to "shop.api" { tcp = ["ssh"] }
}
