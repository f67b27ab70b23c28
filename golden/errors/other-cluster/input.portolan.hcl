namespace "far" {
  cluster      = "West"         # want P1108 "is no name of a cluster"
  managed      = true           # want P1110 "is not managed"
  labels       = { team = "a" } # want P1110 "has no labels"
  default_deny = "none"         # want P1110 "has no default_deny"
  workload "ledger" {
    labels = { app = "ledger" }
    ports  = { http = 8080 } # want P1110 "A workload of another cluster has no ports"
  }
  allow ledger to self { tcp = [80] } # want P1110 "has no allow blocks"
}
allow "far.ledger" to far { tcp = [80] }
