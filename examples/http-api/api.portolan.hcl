# A public API: who may send which request, not only who may connect.
namespace "api" {
  description = "the catalogue's API"

  workload "edge" {
    labels          = { app = "edge" }
    service_account = "edge"
    ports           = { http = { port = 8080, protocol = "http" } }
    description     = "ends TLS and passes requests on"
  }

  workload "catalogue" {
    labels          = { app = "catalogue" }
    service_account = "catalogue"
    ports           = { http = { port = 8080, protocol = "http" } }
  }

  workload "pricing" {
    labels          = { app = "pricing" }
    service_account = "pricing"
    ports           = { grpc = { port = 9000, protocol = "grpc" } }
  }

  workload "importer" {
    labels          = { app = "importer" }
    service_account = "importer"
    description     = "loads the suppliers' price lists at night"
  }

  allow anywhere to edge {
    description = "callers read products, and say whether a review helped"
    tcp         = ["http"]
    at          = "destination"
    http = [
      "GET /v1/products",
      "GET /v1/products/*",
      "POST /v1/products/*/reviews",
      "GET /healthz",
    ]
  }

  allow edge to catalogue {
    description = "what callers may ask, and nothing of the admin interface"
    tcp         = ["http"]
    http        = ["GET /v1/**", "POST /v1/products/*/reviews"]
  }

  allow importer to catalogue {
    description = "writes products; only in the importer's name"
    tcp         = ["http"]
    http = [{
      methods = ["PUT", "DELETE"]
      paths   = ["/admin/products/*"]
      headers = { "x-api-client" = "importer" }
    }]
  }

  allow catalogue to pricing {
    description = "prices are read, one product or many"
    tcp         = ["grpc"]
    grpc        = ["pricing.v1.Prices/Get", "pricing.v1.Prices/List"]
  }

  allow importer to pricing {
    description = "prices are set"
    tcp         = ["grpc"]
    grpc        = ["pricing.v1.Prices/*"]
  }
}
