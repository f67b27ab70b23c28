namespace {} # want P1106 "one label, its name"
cluster "main" {} # want P1106 "has no label"
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow web api { tcp = [80] } # want P1106 "A to B, or one name"
  allow web into api { tcp = [80] } # want P1106 "stands \"to\", not \"into\""
  allow web to api db { tcp = [80] } # want P1106 "A to B, or one name"
  allow {} # want P1106 "A to B, or one name"
  test "" { # want P1106 "a sentence"
    deny world to web {}
  }
}
