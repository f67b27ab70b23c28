# In one tier a deny beats an allow, so what it covers whole never decides.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [5432] } # want P2005 "never decides"
  deny self to db { tcp = [any] }
}
