# Headers that are not so, and requests in a deny, have no form.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow "negative" { # want P4001 "one exact value"
    from = [web]
    to   = [api]
    tcp  = [8080]
    http = [{ paths = ["/admin"], headers = { "x-debug" = absent } }]
  }
  deny "admin" { # want P4001 "deny rules have no requests"
    from = [web]
    to   = [api]
    tcp  = [8081]
    http = ["* /admin/**"]
  }
}
