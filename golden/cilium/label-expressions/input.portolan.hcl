# Every form of label value, on peers and on a subject; "absent or one of" has no operator and becomes two selectors.
namespace "shop" {
  workload "api" {
    labels = { app = ["api", "api-canary"], legacy = absent }
  }
  allow "forms" {
    from = [pods({ a = "x", b = ["y", "z"], c = any, d = absent, e = not("v") })]
    to   = [api]
    tcp  = [80]
  }
  allow "rest" {
    from   = [pods({ app = any })]
    except = [pods({ app = ["bot", "crawler"] })]
    to     = [api]
    tcp    = [81]
  }
  allow "union" {
    from   = [self]
    except = [pods({ track = not("stable") }), pods({ app = "bot" })]
    to     = [api]
    tcp    = [82]
  }
}
