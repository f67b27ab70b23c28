# Requests on a port that speaks no HTTP, paths that Istio never sees as written, and requests that only the sender could restrict.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "db" {
    labels = { app = "db" }
    ports = {
      sql  = { port = 5432, protocol = "tcp" }
      http = { port = 8080, protocol = "http" }
    }
  }
  allow "sql" { # want P4001 "declared to speak tcp"
    from = [web]
    to   = [db]
    tcp  = ["sql"]
    http = ["GET /"]
  }
  allow "dots" { # want P4001 "dot segment"
    from = [web]
    to   = [db]
    tcp  = ["http"]
    http = ["GET /a/../b"]
  }
  allow "braces" { # want P4001 "braces"
    from = [web]
    to   = [db]
    tcp  = ["http"]
    http = ["GET /a/{id}"]
  }
  allow "out" { # want P4001 "where they are sent"
    from = [web]
    to   = [world]
    tcp  = [80]
    http = ["GET /"]
  }
}
