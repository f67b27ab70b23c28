# cluster is every pod of every namespace, and no node.
namespace "names" {
  workload "resolver" { labels = { app = "resolver" } }
  allow cluster to resolver {
    tcp = [53]
    udp = [53]
  }
}
