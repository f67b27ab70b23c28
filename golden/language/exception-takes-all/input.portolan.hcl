# A set that an exception empties never means everybody: nothing is emitted for it.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow "nobody" {
    from   = [web]
    except = [self]
    to     = [api]
    tcp    = [8080]
  }
}
