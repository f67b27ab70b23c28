# Which names may be resolved: the rule decides alone where dns is false.
namespace "shop" {
  workload "web" {
    labels = { app = "web" }
    dns    = false
  }
  workload "api" { labels = { app = "api" } }

  allow web to dns { dns = ["api.example.com", "**.svc.cluster.local"] }
  allow web to api { tcp = [8080] }
}
