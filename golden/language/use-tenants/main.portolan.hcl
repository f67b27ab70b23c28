# Used by a configuration that is used: what it declares is not passed on.
variable "range" {}
external "crm" { cidrs = [var.range] }
namespace "crm" {
  default_deny = "ingress"
  workload "sync" { labels = { app = "sync" } }
  allow "external.crm" to sync { tcp = [443] }
}
