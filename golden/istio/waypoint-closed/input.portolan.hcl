# What closes the pods of a mesh is nothing to waypoints, which have a policy of
# their own at their class.
cluster {
  default_deny = "ingress"
  exempt       = ["istio-system", "kube-system"]
}

namespace "istio-system" {
  managed = false
  mesh    = false
}

namespace "shop" {
  waypoint = "way"
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
    services        = { api = 8080 }
  }
  allow web to api { tcp = [8080] }
}
