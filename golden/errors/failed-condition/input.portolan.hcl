variable "domain" { # want P1407 "The domain is not ours."
  type = string
  validation {
    condition     = endswith(var.domain, ".example.com")
    error_message = "The domain is not ours."
  }
}
allow "x" {
  from = [cluster]
  to   = [fqdn(var.domain)]
}
