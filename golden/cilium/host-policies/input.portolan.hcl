# Rules and a default for nodes are policies with a nodeSelector, where the host firewall is on. A node is closed for its pods too,
# and nothing passes by itself: what the cluster needs of its nodes has to be allowed.
nodes "workers" {
  labels       = { "node-role.kubernetes.io/worker" = "" }
  default_deny = "ingress"
}

external "office" { cidrs = ["198.51.100.0/24"] }

allow office to workers { tcp = [22] }

allow "tunnel" {
  from = [nodes]
  to   = [workers]
  udp  = [8472]
  at   = "destination"
}

allow "kubelet" {
  from = [nodes, monitoring]
  to   = [workers]
  tcp  = [10250, 10255]
  at   = "destination"
}

deny "read-only-port" {
  from = [monitoring]
  to   = [workers]
  tcp  = [10255]
  at   = "destination"
}

namespace "monitoring" {
  workload "prometheus" { labels = { app = "prometheus" } }
  allow prometheus to nodes { tcp = [9100, 10250, 10255] }
}
