namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = ] } } # want P1010 "invalid expression"
  allow web to api { tcp = [80] }
  allow web to db { tcp = [80] }
}
