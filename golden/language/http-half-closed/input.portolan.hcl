# Of the destinations one part is closed and one is open: requests to the closed
# part are restricted there, those to the open part at the closed source.
namespace "shop" {
  default_deny = "egress"
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  workload "guarded" {
    labels       = { app = "api", guard = "yes" }
    default_deny = "both"
  }

  allow web to api {
    tcp  = [8080]
    http = ["GET /orders/**"]
  }
  allow web to guarded { tcp = [9090] }
}
