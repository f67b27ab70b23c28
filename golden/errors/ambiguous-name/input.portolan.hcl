namespace "shop" {
  workload "api" { labels = { app = "api" } }
  workload "web" { labels = { app = "web" } }
  allow web to api { tcp = [80] } # want P1202 "\"api\" is the name of more than one thing."
  allow web to "workload.api" { tcp = [80] }
  allow web to "external.api" { tcp = [80] }
}
external "api" { fqdns = ["api.example.com"] }
group "api" { members = [shop.web] }
