# A header that is there, or one of some exact values: a rule for each.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow web to api {
    tcp = [8080]
    http = [
      { paths = ["/admin"], headers = { "X-Token" = any, "X-Env" = ["dev", "stage"] } },
    ]
  }
}
