variable "ports" { default = upper("a") } # want P1402 "A default is a constant"
locals {
  a = 1 + "x" # want P1402 "Invalid operand."
  b = [1][2] # want P1402 "Invalid index."
  c = upper(1, 2) # want P1402 "Too many function arguments."
  d = pods() # want P1402 "pods has the wrong number of arguments."
  e = any.thing # want P1402 "\"any\" is a word"
  f = var # want P1402 "\"var\" alone is no value."
  g = var["ports"] # want P1402 "\"var\" has attributes"
}
allow "all" {
  from = [local.a, local.b, local.c, local.d, local.e, local.f, local.g]
  to   = [cluster]
  tcp  = var.ports
}
