# A rule that names no protocol is for all of them: a hint says so.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow web to api {}
}
