# Networks have no exceptions: what they leave is listed, 25 to a peer. On ingress they are not to be had, and a network policy has them.
cluster {
  pod_cidrs  = ["10.244.0.0/16", "fd00:10:244::/56"]
  node_cidrs = ["192.168.0.0/24"]
  api_server = ["192.168.0.10/32"]
}
external "partner" {
  cidrs  = ["203.0.113.0/24", "2001:db8::/32"]
  except = ["203.0.113.128/25"]
}
tier "edge" {
  order = 1
  deny "metadata" {
    from = [cluster]
    to   = [cidr("169.254.169.254/32")]
  }
  allow "control" {
    from = [shop]
    to   = [apiserver]
    tcp  = [6443]
  }
  allow "partner" {
    from = [shop]
    to   = [partner]
    tcp  = [443]
  }
  deny "no-way-in" {
    from = [partner]
    to   = [shop]
  }
}
tier "out" {
  order = 10
  deny "no-world" {
    from = [shop]
    to   = [world]
  }
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow world to web { tcp = [8443] }
}

target "cnp" {
  cni      = "kubernetes"
  switches = { cluster_network_policy = true }
}
