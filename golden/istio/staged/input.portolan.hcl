# Staged rules are dry runs, in policies of their own.
namespace "shop" {
  mtls = "strict"
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" { labels = { app = "api" } }
  allow web to api { tcp = [8080] }
  allow "later" {
    from = [web]
    to   = [api]
    tcp  = [9090]
    mode = "staged"
  }
  deny "soon" {
    from = [web]
    to   = [api]
    tcp  = [8081]
    mode = "staged"
  }
}
