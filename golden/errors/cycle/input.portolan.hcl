locals {
  a = local.b # want P1403 "local.a depends on itself."
  b = local.c
  c = [local.a]
}
group "x" { members = [y] } # want P1403 "group.x depends on itself."
group "y" { members = [x] }
locals {
  tenants = toset([for t in [tenant["a"]] : "a"]) # want P1403 "local.tenants depends on itself."
}
namespace "tenant" { for_each = local.tenants }
allow "all" {
  from = local.a
  to   = [x]
}
