variable "domain" { # want P1404 "The variable \"domain\" has no value."
  type = string
}
allow "x" {
  from = [cluster]
  to   = [fqdn(var.domain)]
}
