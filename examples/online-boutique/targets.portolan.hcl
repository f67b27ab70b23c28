target "kubernetes" { cni = "kubernetes" }

target "calico" { cni = "calico" }

target "cilium" { cni = "cilium" }

target "istio" { mesh = "istio" }
