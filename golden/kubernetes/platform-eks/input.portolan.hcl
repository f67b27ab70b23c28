# Address ranges match pods and nodes on EKS, and a port by name opens other
# numbers too.
cluster {
  pod_cidrs  = ["10.0.0.0/16"]
  node_cidrs = ["10.1.0.0/16"]
}

namespace "shop" {
  workload "web" {
    labels = { app = "web" }
    ports  = { http = 8080 }
  }
  workload "db" { labels = { app = "db" } }
  allow world to web { tcp = [443] }
  allow web to db { tcp = ["5000-5010"] }
}

namespace "named" {
  workload "api" { labels = { app = "api" } }
  allow "shop.web" to api { tcp = ["metrics"] }
}

target "eks" {
  cni = "eks-vpc-cni@1.33"
}
