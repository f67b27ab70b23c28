# A NetworkPolicy protects pods. What the CNI has for nodes is its own.
nodes "workers" {
  labels       = { role = "worker" }
  default_deny = "ingress" # want P4031 "and no nodes"
}

allow world to workers { tcp = [22] } # want P4031 "and no nodes"
