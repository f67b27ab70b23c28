# Mutual TLS needs a mesh.
namespace "shop" { # want P4010 "mutual authentication"
  mtls = "strict"
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [5432] }
}
