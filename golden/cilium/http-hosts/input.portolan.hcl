# Hosts in any case, with or without a port.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow web to api {
    tcp = [8080]
    http = [
      { methods = ["GET"], paths = ["/one"], hosts = ["api.example.com"] },
      { methods = ["GET"], paths = ["/two"], hosts = ["*.example.com", "example.org"] },
      { methods = ["GET"], paths = ["/three"], hosts = ["**.example.net"] },
    ]
  }
}
