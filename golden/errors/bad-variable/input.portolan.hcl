variable "ports" {
  type    = list(number)
  default = ["http"] # want P1406 "does not fit the variable \"ports\""
}
variable "domain" { type = str } # want P1406 "Invalid type specification."
allow "x" {
  from = [cluster]
  to   = [fqdn(var.domain)]
  tcp  = var.ports
}
