namespace "shop" {
  workload "web" {} # want P1103 "selects no pods"
  allow "web-out" { # want P1103 "has no \"from\""
    to = [world]
  }
  test "nothing" {} # want P1103 "asserts nothing"
  workload "db" {
    service_account = "db"
    ports           = { pg = { protocol = "tcp" } } # want P1103 "no number"
  }
}
external "x" {} # want P1103 "neither cidrs nor fqdns"
group "g" {} # want P1103 "The group block has no \"members\""
tier "t" {} # want P1103 "no \"order\""
target "eu" { # want P1103 "neither a cni nor a mesh"
  accept "widened" { # want P1103 "no \"reason\""
    lacks = ["http"]
    rules = ["shop/web-out"]
  }
}
allow x to g {}
