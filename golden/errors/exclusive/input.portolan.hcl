external "x" {
  cidrs = ["192.0.2.0/24"]
  fqdns = ["example.com"] # want P1110 "both cidrs and fqdns"
}
external "y" {
  fqdns  = ["example.com"]
  except = ["192.0.2.0/24"] # want P1110 "Exceptions are taken out of cidrs"
}
namespace "teams" {
  match   = { team = any }
  name    = "teams" # want P1110 "A namespace with match has no name."
  managed = true # want P1110 "A namespace with match is not managed."
}
allow x to cluster {
  from = [y] # want P1110 "The rule has labels and \"from\"."
}
allow "named" {
  name = "other" # want P1110 "The rule has two names."
  from = [teams]
  to   = [x, y]
}
