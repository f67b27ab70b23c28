# A rule about pods of other clusters can only be taken out where a target does
# not know them. What is for nodes leaves them as open as they are.
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.0.0.0/24"]
}
namespace "payments" { cluster = "west" }

nodes "workers" {
  labels       = { pool = "workers" }
  default_deny = "ingress"
}
allow world to workers { tcp = [22, 10250] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow payments to web { tcp = [443] }
  allow world to web { tcp = [443] }
}
target "kubernetes" {
  cni = "kubernetes"
  accept "narrowed" {
    lacks  = ["remote"]
    rules  = ["shop/payments->web"]
    reason = "the ledger comes in from the world"
  }
  accept "widened" {
    lacks  = ["hosts"]
    rules  = ["nodes/workers", "world->workers"]
    reason = "the provider has a firewall for them"
  }
}
target "calico" {
  cni = "calico"
  accept "narrowed" {
    lacks  = ["remote"]
    rules  = ["shop/payments->web"]
    reason = "the ledger comes in from the world"
  }
  accept "widened" {
    lacks  = ["hosts"]
    rules  = ["nodes/workers", "world->workers"]
    reason = "the provider has a firewall for them"
  }
}
target "cilium" {
  cni      = "cilium"
  switches = { cluster_mesh = true, cluster_name = "east" }
  accept "widened" {
    lacks  = ["hosts"]
    rules  = ["nodes/workers", "world->workers"]
    reason = "the host firewall is not on yet"
  }
}
target "istio" {
  mesh = "istio"
  accept "narrowed" {
    lacks  = ["remote"]
    rules  = ["shop/payments->web"]
    reason = "the ledger comes in from the world"
  }
}
