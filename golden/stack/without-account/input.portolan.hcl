# A peer without an account of its own: a mesh alone cannot name it; in the stack
# the CNI decides who, and the mesh leaves the peer out.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" {
    labels          = { app = "db" }
    service_account = "db"
  }

  allow web to db { tcp = [5432] }
}
