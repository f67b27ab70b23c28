# What the CNI does not have is refused, not written.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db {
    tcp  = [80]
    sctp = [132]
  }
}

target "windows" {
  cni      = "kubernetes"
  switches = { sctp = false, named_ports = "none" }
}
