external "stripe" { fqdns = ["api.stripe.com"] } # want P1205 "The external \"stripe\" is never used."
group "all" { members = [cluster] } # want P1205 "The group \"all\" is never used."
variable "domain" { # want P1205 "The variable \"domain\" is never used."
  default = "example.com"
  validation {
    condition     = var.domain != ""
    error_message = "The domain is empty."
  }
}
locals {
  ports = [80] # want P1205 "The local \"ports\" is never used."
}
namespace "shop" {}
allow world to shop { tcp = [443] } # without a rule or test the names are for others
