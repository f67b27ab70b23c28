# A declared namespace is closed both ways and keeps DNS: one policy over all of its pods.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to self { tcp = [8080] }
}
