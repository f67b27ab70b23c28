target "kubernetes" {
  description = "native NetworkPolicy, for any CNI that enforces it"
  cni         = "kubernetes"
}

target "calico" { cni = "calico" }

target "cilium" { cni = "cilium" }

target "istio" {
  description = "the mesh alone: who may connect, by service account"
  mesh        = "istio"
}
