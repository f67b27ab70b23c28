# A set of namespaces by their labels: peers, and nothing is emitted in them.
namespace "team-data" {
  match = { team = "data", env = ["prod", "stage"] }
  workload "etl" { labels = { app = "etl" } }
}

namespace "shop" {
  workload "db" { labels = { app = "db" } }
  workload "api" { labels = { app = "api" } }

  allow team-data to api { tcp = [8080] }
  allow "team-data.etl" to db { tcp = [5432] }
  allow api to "team-data.etl" { tcp = [9000] }
}
