# Between ambient pods a CNI sees port 15008 only.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow anywhere to web { tcp = [8443] }
}
