# Lists of peers, inline peers, and names in strings and without them.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  workload "db" { labels = { app = "db" } }

  allow "in" {
    from = [
      web,
      "shop.api",
      pods({ app = "cron" }),
      pods({ app = "report" }, { team = "data" }),
      pods({ app = "probe" }, any),
      namespaces({ team = "platform" }),
      cidr("198.51.100.0/24", "198.51.100.128/25"),
    ]
    to  = [db]
    tcp = [5432]
  }

  allow "out" {
    from = [api]
    to   = [db, billing.ledger, cidr("203.0.113.7/32")]
    tcp  = [5432]
  }
}

namespace "billing" {
  managed = false
  workload "ledger" { labels = { app = "ledger" } }
}
