# Where nothing is closed there is nothing else to try out, and mutual TLS would
# still be enforced today. What is not staged may ask for it.
namespace "shop" {
  default_deny = "none"
  mode         = "staged"
  mtls         = "strict"
  workload "api" { labels = { app = "api" } }
  allow self to api { tcp = [8080] }
}
namespace "search" {
  mtls = "strict"
  workload "index" { labels = { app = "index" } }
  allow self to index { tcp = [9200] }
}
