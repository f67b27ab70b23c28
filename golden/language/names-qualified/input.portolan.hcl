# A name that is found twice needs its kind in front. Nothing shadows.
external "api" { cidrs = ["198.51.100.0/24"] }
group "shop" { members = [pods({ app = "web" }, any)] }

namespace "shop" {
  workload "api" { labels = { app = "api" } }

  allow "group.shop" to "workload.api" { tcp = [8080] }
  allow "workload.api" to "external.api" { tcp = [443] }
  allow "namespace.shop" to "namespace.shop.api" { tcp = [9000] }
}
