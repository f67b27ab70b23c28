# Assertions are no rules: nothing of them is emitted.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  workload "db" { labels = { app = "db" } }

  allow web to api { tcp = [8080] }
  allow api to db { tcp = [5432] }

  test "no way around the api" {
    description = "the web tier is scanned from outside"
    allow web to api { tcp = [8080] }
    deny web to db {}
    deny "everybody" {
      from   = [cluster]
      except = [api]
      to     = [db]
      tcp    = any
    }
  }
}

test "at top level too" {
  deny world to shop {}
}
