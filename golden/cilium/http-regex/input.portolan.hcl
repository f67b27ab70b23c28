# An expression is for the path: what stands for any character is kept from matching the "?" before a query.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow web to api {
    tcp = [8080]
    http = [
      "GET ~/items/[0-9]+",
      "GET ~/docs/.*",
      "GET ~^/a.c$",
      "GET ~/x|/[^/]+/y",
    ]
  }
}
