cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.10.0.0/22"]
}

target "cilium" {
  cni  = "cilium"
  mesh = "istio-ambient"
}

target "calico" {
  cni  = "calico"
  mesh = "istio-ambient"
}
