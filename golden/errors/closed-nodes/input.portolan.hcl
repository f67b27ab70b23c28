nodes "workers" {
  labels       = { pool = "workers" }
  default_deny = "both" # want P2120 "take TCP 10250 for its kubelet or reach the API server"
}
nodes "edge" {
  labels       = { pool = "edge" }
  default_deny = "both"
}
nodes "trial" {
  labels       = { pool = "trial" }
  default_deny = "both"
  mode         = "staged"
}

allow apiserver to edge { tcp = [10250] }
allow edge to apiserver { tcp = [6443] }
allow edge to workers { tcp = [4240] }
