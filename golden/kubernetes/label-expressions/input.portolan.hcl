# In, NotIn, Exists and DoesNotExist; "present and not these" is two expressions on one key.
namespace "shop" {
  workload "db" { labels = { app = "db" } }
  workload "front" { labels = { tier = ["edge", "web"] } }
  workload "marked" {
    labels = {
      audited = any
      legacy  = absent
      stage   = not("beta")
    }
  }
  allow front to db { tcp = [5432] }
  allow marked to db { tcp = [5433] }
  allow "present-not" {
    from   = [pods({ audited = any })]
    to     = [db]
    tcp    = [5434]
    except = [pods({ audited = "no" })]
  }
}
