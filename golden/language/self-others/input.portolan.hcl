# The enclosing namespace's pods, and every other namespace's.
namespace "shop" {
  workload "web" { labels = { app = "web" } }

  allow self to self { tcp = [8080] }
  allow others to web { tcp = [443] }
  allow web to others { tcp = [9000] }
}
