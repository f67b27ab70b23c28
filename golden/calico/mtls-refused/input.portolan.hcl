# Mutual TLS is a mesh's.
namespace "shop" {
  mtls = "strict"
  workload "web" { labels = { app = "web" } }
}
