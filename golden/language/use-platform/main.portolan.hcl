# Used by others, and using them: each is read once.
portolan { use = ["../use", "../use-tenants"] }

cluster {
  pod_cidrs    = ["10.244.0.0/16"]
  default_deny = "ingress"
  dns { port = 1053 }
}
namespace "platform" {
  workload "gateway" { labels = { app = "gateway" } }
  workload "search" {
    labels = { app = "search" }
    ports  = { http = 9200, admin = 9300 }
  }
  offers {
    to   = [search]
    tcp  = ["http"]
    http = ["GET /search/**"]
  }
  allow gateway to "shop.web" { tcp = [8080] }
  allow gateway to search { tcp = ["admin"] } # its own may open all of it
  allow "shop.web" to search {
    tcp  = ["http"]
    http = ["GET /search/shop"]
  }
}
namespace "tenant" {
  for_each = toset(["a", "b"])
  workload "api" { labels = { app = "api" } }
  offers { tcp = [8443] }
  allow "platform.gateway" to api { tcp = [8443] }
  allow api to mail { tcp = [587] }
}
namespace "monitoring" { managed = false } # known to this one, not through it
external "mail" { cidrs = ["203.0.113.25"] }
group "partners" { members = [mail, external.crm] }
allow "partners-out" {
  from = [platform.gateway]
  to   = [partners]
  tcp  = [443]
}
