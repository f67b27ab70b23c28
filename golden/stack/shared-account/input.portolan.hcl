# Two workloads under one account are one to the mesh. In the stack the CNI stops
# the one that the rule does not name.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "apps"
  }
  workload "jobs" {
    labels          = { app = "jobs" }
    service_account = "apps"
  }
  workload "db" {
    labels          = { app = "db" }
    service_account = "db"
  }

  allow web to db { tcp = [5432] }
  allow jobs to web { tcp = [8080] }
}
