namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow ingress to web { tcp = [8080] } # want P2019 "no fact says what the way in is"
}
