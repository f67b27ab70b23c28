# Every form of a label's value, in subjects and peers; two forms on one key.
namespace "shop" {
  workload "web" {
    labels = {
      app                      = "web"
      "app.kubernetes.io/part" = ["front", "back"]
      canary                   = absent
      stage                    = not("test", "dev")
      team                     = any
    }
  }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [5432] }
  allow present-and-not {
    from   = [pods({ team = any })]
    to     = [db]
    except = [pods({ team = ["guests", "audit"] })]
    tcp    = [5433]
  }
}
