# The cluster is closed in the mesh's root namespace; exempt namespaces and an open one get a policy that opens them.
cluster {
  default_deny = "ingress"
}
namespace "istio-system" {
  managed = false
  mesh    = false
}
namespace "lab" {
  default_deny = "none"
}
namespace "shop" {
  default_deny = "ingress"
  workload "web" { labels = { app = "web" } }
  allow world to web { tcp = [443] }
}
