# A pass that leaves its tier is taken out of the tier's later steps. What is left
# can be pods by labels that they do not have, which nodes with labels are, too.
tier "platform" {
  order = 100
  pass "trusted" {
    from = [namespaces({ team = ["red", "blue"] })]
    to   = [shop]
    tcp  = [8080]
  }
  allow "others" { # want P4006 "nodes do not have these either"
    from = [cluster]
    to   = [shop]
    tcp  = [8080]
  }
}

tier "security" {
  order = 200
  deny "red" {
    from = [namespaces({ team = "red" })]
    to   = [shop]
    tcp  = [8080]
  }
}

namespace "shop" {}
