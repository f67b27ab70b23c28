# What payments talks to and does not own: nothing is emitted for it.
external "card-processor" {
  description = "takes the money; its addresses change, its names do not"
  fqdns       = ["api.stripe.com", "files.stripe.com"]
}

namespace "ingress" {
  name    = "ingress-nginx"
  managed = false

  workload "controller" { labels = { "app.kubernetes.io/name" = "ingress-nginx" } }
}

namespace "monitoring" {
  managed = false

  workload "prometheus" { labels = { "app.kubernetes.io/name" = "prometheus" } }
}
