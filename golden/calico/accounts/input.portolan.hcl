# A workload that its service account selects, as a subject and as a peer.
namespace "shop" {
  workload "robot" { service_account = "robot" }
  workload "db" { labels = { app = "db" } }
  allow robot to db { tcp = [5432] }
}
