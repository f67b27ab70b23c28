# A whole target on trial: every policy is a dry run, what keeps pods open too.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels = { app = "api" }
    ports  = { http = { port = 8080, protocol = "http" } }
  }
  workload "open" {
    labels       = { app = "open" }
    default_deny = "none"
  }
  allow web to api {
    tcp  = ["http"]
    http = ["GET /"]
  }
  deny world to open { tcp = [22] }
}
cluster {
  pod_cidrs  = ["10.0.0.0/8"]
  node_cidrs = ["192.168.0.0/16"]
}
target "trial" {
  mesh = "istio"
  mode = "staged"
}
