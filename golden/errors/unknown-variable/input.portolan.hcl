variable "domain" { type = string }
allow "x" {
  from = [cluster]
  to   = [fqdn(var.domain)]
}
