# Every peer that the language names, under the cluster's facts.
cluster {
  pod_cidrs     = ["10.244.0.0/16", "fd00:10:244::/48"]
  service_cidrs = ["10.96.0.0/12"]
  node_cidrs    = ["10.10.0.0/24"]
  api_server    = ["10.10.0.10/32"]
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "agent" { labels = { app = "agent" } }

  allow world to web { tcp = [443] }
  allow web to world { tcp = [443] }
  allow anywhere to web {
    tcp = [80]
    at  = "destination"
  }
  allow cluster to web { tcp = [8080] }
  allow nodes to web { tcp = [9000] }
  allow agent to nodes { tcp = [10250] }
  allow agent to apiserver { tcp = [6443] }
  allow agent to dns { tcp = [9153] }
}
