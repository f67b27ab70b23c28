# Who may talk to whom. "portolan check" checks this, "portolan render" writes
# the policies of every target below, "portolan help" says more.

# A namespace is closed in both directions; its DNS stays reachable.
namespace "shop" {
  # A workload is a set of pods, by label. Service accounts are what a mesh
  # knows its peers by, and named ports may be used in rules.
  workload "frontend" {
    labels          = { app = "frontend" }
    service_account = "frontend"
    ports           = { http = 8080 }
  }
  workload "backend" {
    labels          = { app = "backend" }
    service_account = "backend"
    ports           = { http = 8080 }
  }
  workload "database" {
    labels          = { app = "database" }
    service_account = "database"
  }

  # A rule opens both ends: the sender's egress and the receiver's ingress.
  # Ports are those of the pods, never of a Service.
  allow frontend to backend { tcp = ["http"] }
  allow backend to database {
    description = "orders and the catalogue"
    tcp         = [5432]
  }
  allow "ingress-nginx.controller" to frontend { tcp = ["http"] }

  # Assertions: each line must hold for every flow that it describes.
  test "the database is private" {
    deny frontend to database {}
    deny world to database {}
  }
}

# Somebody else's namespace: names for rules, nothing is written in it.
namespace "ingress-nginx" {
  managed = false
  workload "controller" {
    labels          = { "app.kubernetes.io/name" = "ingress-nginx" }
    service_account = "ingress-nginx"
  }
}

# One place to render for. Add a block for each cluster; cni may be kubernetes,
# calico or cilium, with a version ("cilium@1.18"), and mesh = "istio" makes a
# stack of the two.
target "default" { cni = "kubernetes" }
