# Methods and paths. A last ** is a prefix, a * within is a template; an exact path has no query for Istio.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels = { app = "api" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
  allow web to api {
    tcp = ["http"]
    http = [
      "GET /",
      "GET /v1.0/items/*",
      "GET /users/*/files/**",
      "* /static/**",
      "POST",
      { methods = ["PUT", "PATCH"], paths = ["/a", "/b"] },
    ]
  }
  allow "any-request" {
    from = [self]
    to   = [api]
    tcp  = ["http"]
    http = ["*"]
  }
}
