target "eu" {
  cni = "cilium"
  accept "widened" {
    lacks  = ["http"]
    rules  = ["shop/web->db"]
    reason = "for now"
    until  = "2027-02-30" # want P1315 "\"2027-02-30\" is no date."
  }
}
