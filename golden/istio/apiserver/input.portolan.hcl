# The API server, which calls webhooks, by its stated addresses.
cluster {
  api_server = ["203.0.113.10/32"]
}
namespace "shop" {
  workload "hook" { labels = { app = "hook" } }
  allow apiserver to hook { tcp = [9443] }
}
