# Mutual TLS needs a mesh.
namespace "shop" {
  mtls = "strict" # want P4010 "mutual authentication"
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [5432] }
}
