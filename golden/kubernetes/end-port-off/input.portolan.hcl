# Where endPort is not enforced a range would be its first port.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [80, "5000-5010"] }
}

target "old" {
  cni      = "kubernetes"
  switches = { end_port = false }
}

target "accepted" {
  cni      = "kubernetes"
  switches = { end_port = false }
  accept "widened" {
    lacks  = ["ports"]
    rules  = ["shop/web->db"]
    reason = "the CNI is to be replaced"
  }
}
