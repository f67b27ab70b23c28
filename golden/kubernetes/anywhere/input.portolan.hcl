# anywhere is a rule without peers, and so needs no fact.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow anywhere to web { tcp = [80, 443] }
  allow web to anywhere {}
}
