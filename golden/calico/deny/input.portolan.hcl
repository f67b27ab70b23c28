# A deny is an object of its own, before the allows of whichever subject.
external "abuse" { cidrs = ["192.0.2.0/24"] }
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow anywhere to web { tcp = [443] }
  allow web to db { tcp = [5432] }
  deny abuse to self {}
}
