# Methods and paths are expressions for the whole value, the query included: with and without one, and never reaching into it.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow web to api {
    tcp = [8080]
    http = [
      "GET /",
      "GET /v1.0/items/*",
      "* /static/**",
      "POST",
      { methods = ["PUT", "PATCH"], paths = ["/a", "/b"] },
    ]
  }
  allow web to world {
    tcp  = [80]
    udp  = [443]
    http = ["GET /status"]
  }
}
