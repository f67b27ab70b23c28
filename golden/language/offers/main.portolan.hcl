# What rules elsewhere may open of a namespace.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" {
    labels = { app = "api" }
    ports  = { http = 8080, admin = 9000 }
  }
  workload "db" { labels = { app = "db" } }
  offers {
    description = "the catalogue, to everybody in the cluster"
    to          = [api]
    from        = [cluster]
    tcp         = ["http"]
    http        = ["GET /catalogue/**", "HEAD /catalogue/**"]
  }
  offers {
    to  = [web]
    tcp = [80, 443]
  }
  allow api to db { tcp = [5432] }
  allow web to api { tcp = [8080, 9000] } # its own rules may open all of it
}
namespace "jobs" {
  workload "import" { labels = { app = "import" } }
  allow import to "shop.api" {
    tcp  = [8080]
    http = ["GET /catalogue/books"]
  }
  allow import to shop { # all of its pods, at this end only
    name = "out"
    at   = "source"
    tcp  = [9999]
  }
  deny import to "shop.db" {}
}
namespace "open" {
  default_deny = "none"
  workload "echo" { labels = { app = "echo" } }
  offers { tcp = [7] } # want P2117 "ingress is open"
  allow echo to world { tcp = [80] }
}
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.10.0.0/16"]
}
allow world to "shop.web" { tcp = [443] }
allow "jobs.import" to "open.echo" { tcp = [8] }
