# What all tenants share. Rules between a tenant and what is shared stand at top
# level, where "tenant" means all of them.
namespace "shared" {
  description = "services that the platform team runs for all tenants"

  workload "mail" {
    labels = { app = "mail-relay" }
    ports  = { smtp = 2525 }
  }

  workload "search" {
    labels = { app = "search" }
    ports  = { api = 9200 }
  }

  allow mail to mail-provider {
    description = "mail leaves by the provider's relays"
    tcp         = [587]
  }
}

namespace "edge" {
  description = "the way in"

  workload "gateway" {
    labels = { app = "gateway" }
    ports  = { https = 8443 }
  }

  allow anywhere to gateway {
    description = "all tenants' users"
    tcp         = ["https"]
    at          = "destination"
  }
}

external "mail-provider" { cidrs = ["198.51.100.0/25"] }

allow tenant to "shared.mail" {
  description = "every tenant sends mail"
  tcp         = ["smtp"]
}

allow "search" {
  description = "search comes with the enterprise plan"
  from        = [for name, t in local.tenants : tenant[name].web if t.plan == "enterprise"]
  to          = ["shared.search"]
  tcp         = ["api"]
}

test "tenants do not reach each other" {
  deny "acme-globex" {
    from = [tenant["acme"]]
    to   = [tenant["globex"]]
  }
  deny "globex-initrode" {
    from = [tenant["globex"], tenant["initrode"]]
    to   = [tenant["acme"]]
  }
}

test "search comes with the plan" {
  allow "acme" {
    from = [tenant["acme"].web]
    to   = ["shared.search"]
    tcp  = [9200]
  }
  deny "globex" {
    from = [tenant["globex"]]
    to   = ["shared.search"]
  }
}

test "what is shared does not reach back" {
  deny shared to tenant {}
}
