# A workload known by its service account, as a peer and as a subject.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "payments" { service_account = "payments" }
  allow web to payments { tcp = [443] }
  allow payments to web { tcp = [8080] }
}
