target "stack" {
  description = "Calico has ports and addresses; Istio has identities, requests and mutual TLS"
  cni         = "calico"
  mesh        = "istio"
}

target "istio" {
  description = "where the CNI enforces nothing"
  mesh        = "istio"

  accept "widened" {
    lacks  = ["identity"]
    rules  = ["bank/monitoring.prometheus->accounts"]
    reason = "the port serves numbers that anybody in the cluster may read"
    until  = "2027-06-30"
  }
}
