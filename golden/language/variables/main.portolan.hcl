# Variables, locals and for expressions: values only, rules stay where they are.
variable "offices" {
  type        = map(list(string))
  description = "address ranges by site"
  validation {
    condition     = length(var.offices) > 0
    error_message = "There is no office."
  }
}

variable "port" {
  type    = number
  default = 8443
}

locals {
  apps   = ["orders", "stock"]
  ranges = flatten([for site, list in var.offices : [for r in list : r if site != "closed"]])
}

external "office" { cidrs = local.ranges }

namespace "shop" {
  workload "services" { labels = { app = local.apps } }
  workload "audit" { labels = { app = format("%s-audit", local.apps[0]) } }

  allow office to services { tcp = [var.port, var.port + 1] }
  allow "audit" {
    from = [for a in local.apps : pods({ app = a, tier = "back" })]
    to   = [audit]
    tcp  = concat([9000], [for n in range(2) : n + 9100])
  }
}
