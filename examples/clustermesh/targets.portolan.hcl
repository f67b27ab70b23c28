target "east" {
  cni      = "cilium"
  switches = { cluster_mesh = true, cluster_name = "east" }
}

target "lab" { cni = "calico" }
