namespace "shop" {
  default_deny = "all" # want P1313 "\"all\" is no value of default_deny."
  mtls         = "STRICT" # want P1313 "\"STRICT\" is no value of mtls."
  workload "web" {
    labels = { app = "web" }
    ports  = { http = { port = 80, protocol = "https" } } # want P1313 "\"https\" is no value of protocol."
  }
  allow cluster to web {
    tcp = [80]
    at  = "ingress" # want P1313 "\"ingress\" is no value of at."
  }
}
target "eu" {
  cni = "cilium"
  accept "lost" { # want P1313 "\"lost\" is no value of accept."
    lacks  = ["http"]
    rules  = ["x"]
    reason = "x"
  }
  accept "widened" {
    lacks  = ["l7"] # want P1313 "\"l7\" is no value of lacks."
    rules  = ["x"]
    reason = "x"
  }
}
