# A staged closing and what it would still let in are dry runs, and nothing is closed today.
namespace "shop" {
  mode = "staged"
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" { labels = { app = "api" } }
  allow web to api { tcp = [8080] }
}
namespace "bank" {
  workload "db" { labels = { app = "db" } }
  allow "shop.web" to db { tcp = [5432] }
}
