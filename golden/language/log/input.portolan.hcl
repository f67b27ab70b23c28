# A rule that also logs, and a tier's rule that does nothing else.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }

  allow web to api {
    tcp = [8080]
    log = true
  }
}

tier "audit" {
  order = 10
  log cluster to "shop.api" { tcp = [22] }
}
