target "a" { cni = "celium" } # want P1316 "\"celium\" is no cni"
target "b" { cni = "istio" } # want P1316 "\"istio\" is no cni"
target "c" { mesh = "istio@0.1" } # want P1316 "\"0.1\" is no version of istio"
target "d" { cni = "cilium@" } # want P1316 "no version after"
