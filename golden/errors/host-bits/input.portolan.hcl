external "x" { cidrs = ["192.0.2.1/24"] } # want P1310 "192.0.2.1/24 has bits set beyond its prefix."
allow x to cluster { tcp = [443] }
allow "inline" {
  from = [cidr("10.1.0.0/8")] # want P1310 "10.1.0.0/8 has bits set beyond its prefix."
  to   = [cluster]
}
