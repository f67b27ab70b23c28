# Exceptions are set difference over endpoints, at either end.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  workload "db" { labels = { app = "db" } }
  workload "canary" { labels = { app = "api", track = "canary" } }

  allow "inside" {
    from   = [self]
    except = [web]
    to     = [db]
    tcp    = [5432]
  }
  allow "no-canary" {
    from      = [web]
    to        = [api]
    except_to = [canary]
    tcp       = [8080]
  }
  allow "neighbours" {
    from   = [others]
    except = [namespaces({ team = "lab" })]
    to     = [web]
    tcp    = [80]
  }
  allow "office" {
    from   = [cidr("198.51.100.0/24")]
    except = [cidr("198.51.100.64/26")]
    to     = [web]
    tcp    = [443]
  }
}
