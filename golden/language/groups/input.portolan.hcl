# A group stands for its members, groups among them.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  workload "db" { labels = { app = "db" } }

  allow callers to db { tcp = [5432] }
}

external "office" { cidrs = ["198.51.100.0/24"] }

group "services" { members = ["shop.web", shop.api] }

group "callers" { members = [services, office, pods({ app = "migrate" }, { team = "data" })] }
