# Between ambient pods a CNI sees port 15008 only.
# want P4101 "istio-ambient"
namespace "shop" {
  workload "web" { labels = { app = "web" } }
}
