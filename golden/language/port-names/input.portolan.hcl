# A name means the number that the destination's workload declares: never another
# workload's number. Where none declares it, it stays a name.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" {
    labels = { app = "api" }
    ports  = { http = 8080, metrics = 9102 }
  }
  workload "db" {
    labels = { app = "db" }
    ports  = { metrics = { port = 9187, protocol = "http" } }
  }
  workload "cache" { labels = { app = "cache" } }

  allow web to api { tcp = ["http"] }
  allow web to cache { tcp = ["redis", 26379] }
  allow "scrape" {
    from = [pods({ app = "prometheus" })]
    to   = [api, db]
    tcp  = ["metrics"]
  }
  allow "scrape-all" {
    from = [pods({ app = "agent" })]
    to   = [self]
    tcp  = ["metrics"]
  }
}
