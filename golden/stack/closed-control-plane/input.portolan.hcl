# Who closes the mesh's control plane keeps it open to the sidecars of closed
# pods. Who else needs it is for rules to say.
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
}
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  allow self to web { tcp = [8080] }
}
