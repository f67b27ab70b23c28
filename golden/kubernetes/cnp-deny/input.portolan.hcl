# Denies outside tiers come last in Admin: they beat the network policies and no tier.
namespace "shop" {
  default_deny = "none"
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  deny web to db { udp = [5432, "6000-6100"] }
}
namespace "lab" {
  workload "probe" { labels = { app = "probe" } }
  allow probe to cluster { tcp = [80] }
}
deny "lab.probe" to shop { tcp = any }

target "cnp" {
  cni      = "kubernetes"
  switches = { cluster_network_policy = true }
}
