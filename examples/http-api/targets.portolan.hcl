target "cilium" {
  description = "Cilium reads the requests itself"
  cni         = "cilium"
}

target "stack" {
  description = "Cilium has ports, Istio has requests and accounts"
  cni         = "cilium"
  mesh        = "istio"
}

target "istio" { mesh = "istio" }
