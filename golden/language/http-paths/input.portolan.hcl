# Exact paths, whole segments, any rest at the end, and regular expressions.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }

  allow web to api {
    tcp = [8080]
    http = [
      "GET /",
      "GET /api",
      "GET /api/**",
      "GET /orders/*/items",
      "GET /orders/*/items/**",
      "GET ~/v[0-9]+/health(/.*)?",
      "GET /a.b+c(d)",
    ]
  }
}
