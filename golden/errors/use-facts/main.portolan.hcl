portolan { use = ["../../language/use-platform"] } # want P1115 "pod_cidrs", want P1115 "dns"
cluster {
  pod_cidrs    = ["10.245.0.0/16"]
  default_deny = "none" # that is no fact, and each has its own
  dns {}
}
