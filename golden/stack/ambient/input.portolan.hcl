# Beneath ambient a CNI sees port 15008 between pods of the mesh, whatever port
# they ask for, and their own node at a link-local address. Who is not in the mesh
# is seen as ever.
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.0.0.0/24"]
}

namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "db" {
    labels          = { app = "db" }
    service_account = "db"
    mtls            = "permissive"
  }
  allow world to web { tcp = [8443] }
  allow web to db { tcp = [5432] }
  allow web to stripe { tcp = [443] }
}

namespace "legacy" {
  mesh = false
  workload "batch" { labels = { app = "batch" } }
  allow batch to "shop.db" { tcp = [5432] }
  allow "shop.web" to batch { tcp = [9000] }
}

external "stripe" { cidrs = ["192.0.2.0/24"] }
