# Workloads are known by their accounts, in one rule of the policy each.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "job" {
    labels          = { app = "job" }
    service_account = "batch"
  }
  workload "report" {
    labels          = { app = "report" }
    service_account = "batch"
  }
  workload "api" { labels = { app = "api" } }
  allow web to api { tcp = [8080] }
  allow "batch" {
    description = "nightly runs"
    from        = [job, report]
    to          = [api]
    tcp         = [8080, 9090]
  }
  allow "others" {
    from = ["monitoring.prometheus"]
    to   = [api, web]
    tcp  = [9090]
  }
}
namespace "monitoring" {
  managed = false
  workload "prometheus" {
    labels          = { app = "prometheus" }
    service_account = "prometheus"
  }
}
