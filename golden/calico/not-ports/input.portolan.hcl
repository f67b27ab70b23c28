# All ports but a few are notPorts.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = ["1-21", "23-3388", "3390-65535"] }
}
