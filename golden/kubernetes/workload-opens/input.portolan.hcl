# A workload that opens itself is taken out of what its namespace closes.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "demo" {
    labels       = { app = "demo" }
    default_deny = "none"
  }
  allow demo to web { tcp = [8080] }
}
