# ztunnel has no dry run.
namespace "shop" {
  mode = "staged"
  workload "api" { labels = { app = "api" } }
  allow self to api { tcp = [8080] }
}
