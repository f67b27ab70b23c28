# Until pod_cidrs and node_cidrs are stated, the private ranges are left out.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow world to web { tcp = [8443] }
}
