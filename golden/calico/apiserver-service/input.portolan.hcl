# Without its address an egress allow for every port follows the Service default/kubernetes.
namespace "shop" {
  workload "operator" { labels = { app = "operator" } }
  allow operator to apiserver {}
}
