# The short form and the long form mean the same.
namespace "short" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }

  allow web to api { tcp = [8080] }
}

namespace "long" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }

  allow "calls" {
    from = [web]
    to   = [api]
    tcp  = [8080]
  }
}
