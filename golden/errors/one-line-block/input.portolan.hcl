namespace "shop" {
  workload "web" { labels = { app = "web" } service_account = "web" } # want P1011 "one argument"
  workload "api" { labels = { app = "api" }, service_account = "api" } # want P1011 "one argument"
  allow web to api { tcp = [80] }
  test "nested" { deny web to api {} } # want P1011 "one argument, and no block"
}
external "x" { fqdns = ["example.com"] }
