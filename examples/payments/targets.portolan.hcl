target "production" {
  description = "of the CNIs, Cilium alone has DNS names as peers"
  cni         = "cilium"
}
