# A namespace is closed by one empty item a direction, which is for nobody in a Cilium policy; one may stay open.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow "ops.probe" to web { tcp = [80] }
}

namespace "inbox" {
  default_deny = "ingress"
  workload "mail" { labels = { app = "mail" } }
  allow "ops.probe" to mail { tcp = [25] }
}

namespace "ops" {
  default_deny = "none"
  workload "probe" { labels = { app = "probe" } }
}
