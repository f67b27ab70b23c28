# No policy can tell host-network pods from their node.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "exporter" {
    labels       = { app = "node-exporter" }
    host_network = true
  }

  allow web to exporter { tcp = [9100] }
}
