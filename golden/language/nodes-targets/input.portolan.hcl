# Nodes are governed where the target can: elsewhere their block is not there.
nodes "workers" {
  labels       = { pool = "workers" }
  default_deny = "ingress"
  targets      = ["host-firewall"]
}
external "bastion" { cidrs = ["198.51.100.7/32"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow bastion to web { tcp = [8080] }
}
tier "machines" {
  order   = 10
  targets = ["host-firewall"]
  allow apiserver to workers { tcp = [10250] }
  allow bastion to workers { tcp = [22] }
}
allow "debug" { # want P2116 "is left out on target \"native\""
  from = [bastion]
  to   = [workers]
  tcp  = [9229]
}
target "host-firewall" {
  cni      = "cilium"
  switches = { host_firewall = true }
}
target "native" {
  cni        = "kubernetes"
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.10.0.0/24"]
}
