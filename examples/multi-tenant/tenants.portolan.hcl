# One namespace for each tenant, all alike. A new tenant is a line here.
locals {
  tenants = {
    acme     = { plan = "enterprise" }
    globex   = { plan = "basic" }
    initrode = { plan = "enterprise" }
  }
}

namespace "tenant" {
  for_each    = local.tenants
  name        = "tenant-${each.key}"
  labels      = { plan = each.value.plan }
  description = "what every tenant has"

  workload "web" {
    labels = { app = "web" }
    ports  = { http = 8080 }
  }

  workload "worker" { labels = { app = "worker" } }

  workload "database" {
    labels = { app = "database" }
    ports  = { postgres = 5432 }
  }

  # Names mean this tenant's own: no rule here joins two tenants.
  allow "edge.gateway" to web {
    description = "the tenant's users, by way of the shared gateway"
    tcp         = ["http"]
  }

  allow "data" {
    description = "pages and jobs read and write the tenant's data"
    from        = [web, worker]
    to          = [database]
    tcp         = ["postgres"]
  }

  test "a tenant is on its own" {
    deny others to database {}
    deny others to worker {}
    deny web to worker {}
    deny self to world {}
  }
}
