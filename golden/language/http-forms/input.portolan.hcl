# Requests in words and as objects.
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
    http = [
      "GET /orders",
      "* /public/**",
      "OPTIONS",
      {
        methods = ["POST", "PUT"]
        paths   = ["/orders", "/orders/*"]
        hosts   = ["api.example.com"]
        headers = { "X-Tenant" = ["acme", "globex"], x-trace = any }
      },
    ]
  }
}
