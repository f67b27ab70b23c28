# No operator says "absent, or one of these": at a peer it is two peers, at the pods that are protected two policies.
namespace "shop" {
  workload "db" { labels = { app = "db" } }
  allow self to db { tcp = [5432] }
  deny "audited" {
    from   = [pods({ audited = any })]
    to     = [db]
    except = [pods({ audited = "no" })]
  }
}

namespace "blog" {
  allow others to self { tcp = [80] }
  deny "private" {
    from      = [others]
    to        = [pods({ private = any })]
    except_to = [pods({ private = "no" })]
  }
}
