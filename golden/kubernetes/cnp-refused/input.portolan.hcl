# What a ClusterNetworkPolicy cannot restrict.
tier "edge" {
  order = 100
  allow "names" {
    from = [shop]
    to   = [fqdn("api.example.com")]
    tcp  = [443]
  }
  allow "requests" {
    from = [lab]
    to   = [shop]
    tcp  = [80]
    http = ["GET /"]
  }
  deny "ping" {
    from = [lab]
    to   = [shop]
    icmp = ["8"]
  }
  allow "metrics" {
    from = [lab]
    to   = [cluster]
    tcp  = ["metrics"]
  }
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
}
namespace "lab" {
  workload "runner" { service_account = "runner" }
  deny runner to probe { tcp = [22] }
  workload "probe" { labels = { app = "probe" } }
}

target "cnp" {
  cni      = "kubernetes"
  switches = { cluster_network_policy = true }
}
