# On ingress only pods can be named: what is outside or a node is taken out of allows, where there are some.
external "abuse" { cidrs = ["192.0.2.0/24"] }

tier "edge" {
  order = 10
  deny "abuse" {
    from = [abuse]
    to   = [cluster]
  }
}

namespace "lab" {
  default_deny = "none"
  workload "demo" { labels = { app = "demo" } }
  deny nodes to demo { tcp = [22] }
}

target "cnp" {
  cni      = "kubernetes"
  switches = { cluster_network_policy = true }
}
