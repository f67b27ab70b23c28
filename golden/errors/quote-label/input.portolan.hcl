namespace "shop" {
  workload "web" { labels = { app = "web" } }
}
allow shop.web to cluster { tcp = [80] } # want P1012 "A label with a dot"
