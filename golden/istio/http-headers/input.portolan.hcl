# Conditions on headers hold together; "absent, or one of" is two rules.
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
      { methods = ["GET"], headers = { X-Tenant = ["a", "b"], X-Debug = absent, X-Trace = any } },
      { methods = ["POST"], headers = { X-Role = not("guest") } },
      { methods = ["PUT"] },
    ]
  }
}
