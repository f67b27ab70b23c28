# What is declared and never named.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  workload "old" { labels = { app = "old" } }
  allow web to api { tcp = [8080] }
}
external "office" { cidrs = ["198.51.100.0/24"] }
group "staff" { members = [office] }
