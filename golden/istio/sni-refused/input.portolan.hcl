# Between pods of the mesh the TLS that a proxy sees is the mesh's own.
namespace "shop" {
  mtls = "strict"
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" { labels = { app = "api" } }
  allow web to api {
    tcp = [8443]
    sni = ["api.example.com"]
  }
}
