# A deny by identity that plaintext would pass, one that leaves the mesh, and one of requests on a port that nobody says speaks HTTP.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "job" {
    labels          = { app = "job" }
    service_account = "job"
  }
  workload "api" { labels = { app = "api" } }
  allow anywhere to api { tcp = [8080] }
  deny job to api { tcp = [8080] } # want P4005 "plaintext"
  deny web to world {} # want P4005 "at the destination"
  deny "requests" { # want P4001 "speaks HTTP"
    from = [web]
    to   = [api]
    tcp  = [8080]
    http = ["DELETE /"]
  }
}
