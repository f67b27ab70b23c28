# An order that is no priority, and one too near to another.
tier "far" {
  order = 5000
  deny "a" {
    from = [shop]
    to   = [lab]
  }
}
tier "first" {
  order = 100
  deny "b" {
    from = [shop]
    to   = [lab]
  }
}
tier "near" {
  order = 102
  allow "c" {
    from = [shop]
    to   = [lab]
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
