# With a rule for whoever needs the control plane there is nothing to warn of.
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.0.0.0/24"]
  api_server = ["10.0.0.1"]
}
namespace "istio-system" {
  default_deny = "both"
  mesh         = false
  workload "istiod" { labels = { app = "istiod" } }
  allow istiod to apiserver { tcp = [6443] }
  allow cluster to istiod { tcp = [15012] }
  allow apiserver to istiod { tcp = [15017] }
}
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  allow self to web { tcp = [8080] }
}
