# One block for many namespaces; outside it the label means all of them.
namespace "tenant" {
  for_each = toset(["blue", "green"])
  workload "web" { labels = { app = "web" } }
  allow self to web { tcp = [8080] }
}
namespace "hub" {
  workload "gateway" { labels = { app = "gateway" } }
  allow "tenant.web" to gateway { tcp = [443] }
}
