# What is passed and no later tier is about leaves Admin; the rest is taken out of its own tier.
tier "guard" {
  order = 10
  pass "their-own" {
    from = [lab]
    to   = [shop]
  }
  pass "checked" {
    from = [shop]
    to   = [lab]
    tcp  = [80]
  }
  allow "open" {
    from = [lab, shop]
    to   = [lab, shop]
  }
}
tier "later" {
  order = 20
  deny "plain" {
    from = [shop]
    to   = [lab]
    tcp  = ["80-90"]
  }
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
}
namespace "lab" {
  workload "probe" { labels = { app = "probe" } }
}

target "cnp" {
  cni      = "kubernetes"
  switches = { cluster_network_policy = true }
}
