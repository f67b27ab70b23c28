# Everything is closed, declared or not.
cluster {
  default_deny = "ingress"
  exempt       = ["kube-system", "istio-system"]
  pod_cidrs    = ["10.244.0.0/16"]
  node_cidrs   = ["10.0.0.0/24"]
}

namespace "istio-system" {
  managed = false
  mesh    = false
}

namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
  }
  allow web to api { tcp = [8080] }
}
