# A subject with several values of a label is one policy for each; a peer may be all but a workload.
namespace "shop" {
  workload "api" { labels = { app = "api", stage = ["blue", "green"] } }
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "job" {
    labels          = { app = "job" }
    service_account = "job"
  }
  allow web to api { tcp = [8080] }
  allow "but-jobs" {
    from   = [self]
    except = [job]
    to     = [web]
    tcp    = [8443]
  }
  allow "either" {
    from = [pods({ app = ["web", "job"] })]
    to   = [web]
    tcp  = [9090]
  }
}
