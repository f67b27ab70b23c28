# Without a mesh its root is a namespace like others, and DNS is elsewhere.
cluster {
  dns { namespace = "dns" }
}
namespace "istio-system" {}
namespace "kube-system" {}
namespace "resolver" {
  name    = "dns"
  managed = false
}
external "x" { fqdns = ["example.com"] }
