# Anywhere is a rule without a peer; a port by name is a pod's even so.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow anywhere to web { tcp = [80] }
  allow web to anywhere { tcp = [443, "admin"] }
}
