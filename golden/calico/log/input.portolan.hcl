# A rule that also logs is two: Log and then its action, before rules that do not log.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [5432] }
  allow audited {
    from = [web]
    to   = [db]
    tcp  = [5433]
    log  = true
  }
}
