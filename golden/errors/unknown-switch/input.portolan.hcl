cluster {
  switches = {
    host_fire_wall = true # want P1127 "no switch \"host_fire_wall\" of any engine"
    host_endpoints = true
  }
}
target "a" {
  cni      = "calico"
  switches = { host_firewall = true } # want P1127 "no switch \"host_firewall\" of what the target has"
}
target "b" {
  mesh     = "istio"
  switches = { sctp = false } # want P1127 "of what the target has"
}
