# Two rules between the same peers need a name for one of them.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }

  allow web to api { tcp = [8080] }
  allow web to api {
    name = "admin"
    tcp  = [9090]
  }
}
