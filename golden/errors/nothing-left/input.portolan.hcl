external "x" {
  cidrs  = ["192.0.2.0/24"] # want P1312 "take away every address"
  except = ["192.0.0.0/16"]
}
allow x to cluster { tcp = [443] }
allow "inline" {
  from = [cidr("10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9")] # want P1312 "take away every address"
  to   = [cluster]
}
