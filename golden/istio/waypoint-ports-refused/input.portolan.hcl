# Two ports of a Service with one port of the pods behind them, and a Service in
# front of two workloads: at the pods nobody can tell by which they were reached.
namespace "shop" {
  waypoint = "way"
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
    services        = { front = 8080 }
  }
  workload "api" {
    labels          = { app = "api" }
    service_account = "api"
    services        = { api = { 80 = 8080, 8080 = 8080 }, front = 9090 }
  }
  allow web to api { tcp = [8080] }
}
