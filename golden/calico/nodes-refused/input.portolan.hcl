# Without the facts nodes cannot be told from pods.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to nodes { tcp = [9100] }
}
