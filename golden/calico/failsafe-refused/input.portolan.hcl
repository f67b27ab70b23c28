# Calico keeps failsafe ports of host endpoints open, so that an intent that closes
# them would say what does not hold.
target "hosts" {
  cni      = "calico"
  switches = { host_endpoints = true }
}
nodes "edge" {
  labels       = { pool = "edge" }
  default_deny = "ingress"
}
allow apiserver to edge { tcp = [10250] }
cluster {
  api_server = ["10.0.0.10/32"]
  node_cidrs = ["10.0.0.0/24"]
}
