# The own namespace needs no namespace selector; every other one is a negative one, for pods only.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow self to web { tcp = [8080] }
  allow others to web { tcp = [80] }
}
