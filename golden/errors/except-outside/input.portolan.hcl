external "x" {
  cidrs  = ["192.0.2.0/24"]
  except = ["192.0.2.0/28", "198.51.100.0/24"] # want P1311 "The exception 198.51.100.0/24 is not in the ranges."
}
allow x to cluster { tcp = [443] }
