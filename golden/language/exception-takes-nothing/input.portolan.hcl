# Perhaps the wrong end is meant.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow web to api {
    except = [api]
    tcp    = [8080]
  }
}
