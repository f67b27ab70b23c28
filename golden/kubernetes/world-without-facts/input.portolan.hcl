# Without the cluster's ranges the private ones are left out, which is said.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow world to web { tcp = [443] } # want P4103 "leaves private addresses out"
}
