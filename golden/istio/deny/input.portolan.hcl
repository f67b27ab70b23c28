# Denies are policies of their own: by address always, by identity where no plaintext gets in, of requests where the port speaks HTTP.
namespace "shop" {
  mtls = "strict"
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "job" {
    labels          = { app = "job" }
    service_account = "job"
  }
  workload "api" {
    labels = { app = "api" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
  allow self to api { tcp = [8080, 9090] }
  deny job to api { tcp = [9090] }
  deny "no-deletes" {
    from = [self]
    to   = [api]
    tcp  = ["http"]
    http = ["DELETE /**"]
  }
}
external "abuse" { cidrs = ["192.0.2.0/24"] }
deny abuse to "shop.web" {}
