# Peers without an account, with one that others share, and outside the mesh have no identity of their own.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "job" {
    labels          = { app = "job" }
    service_account = "batch"
  }
  workload "report" {
    labels          = { app = "report" }
    service_account = "batch"
  }
  workload "old" {
    labels          = { app = "old" }
    service_account = "old"
    mesh            = false
  }
  workload "api" { labels = { app = "api" } }
  allow web to api { tcp = [8080] }     # want P4009 "shop/web declares none"
  allow job to api { tcp = [8080] }     # want P4009 "shop/report"
  allow old to api { tcp = [8080] }     # want P4009 "outside the mesh"
  allow "inline" { # want P4009 "no declared workload"
    from = [pods({ tier = "x" })]
    to   = [api]
    tcp  = [8080]
  }
}
