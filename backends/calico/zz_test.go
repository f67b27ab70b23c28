package calico
import ("testing";"github.com/portolan-dev/portolan/backends/manifest")
func validate(t testing.TB, o manifest.Object) {}
func TestTry(t *testing.T) {
 t.Log("\n"+render(t, `
namespace "shop" {
  workload "frontend" {
    labels          = { tier = "frontend" }
    service_account = "frontend"
  }
  workload "backend" {
    labels          = { tier = "backend" }
    ports           = { http = 8080, metrics = 9187 }
  }
  workload "database" { labels = { tier = "database" } }
  allow anywhere to frontend { tcp = [80, 443] }
  allow frontend to backend {
    description = "the storefront reads the catalogue"
    tcp         = ["http"]
  }
  allow backend to database { tcp = [5432] }
  allow backend to stripe { tcp = [443] }
  deny abuse to frontend {
 log = true
 }
}
namespace "open" {
  default_deny = "none"
  workload "w" { labels = { app = "w" } }
  deny w to "shop.database" {}
}
external "stripe" { cidrs = ["198.51.100.0/24"] }
external "abuse" { cidrs = ["192.0.2.0/24", "203.0.113.0/24"] }
tier "security" {
  order = 100
  deny abuse to cluster {}
}
cluster {
 pod_cidrs = ["10.244.0.0/16"]
 node_cidrs = ["10.0.0.0/16"]
 }
`))
}
