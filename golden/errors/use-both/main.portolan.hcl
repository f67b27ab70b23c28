portolan {
  use = [
    "../../language/use",
    "../../language/offers", # want P1104 "both declare the namespace \"shop\""
  ]
}
namespace "jobs" { # want P1104 "namespace \"jobs\" is declared here"
  name    = "jobs-two"
  managed = false
}
namespace "opened" { # want P1104 "namespace \"opened\" is declared here"
  name    = "open"
  managed = false
}
