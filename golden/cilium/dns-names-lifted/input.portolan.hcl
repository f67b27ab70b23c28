# A rule for every port or all traffic lifts what another restricts of DNS names only where it names the port of DNS too.
namespace "shop" {
  dns = false
  workload "web" { labels = { app = "web" } }
  workload "job" { labels = { app = "job" } }
  workload "db" { labels = { app = "db" } }
  allow self to dns { dns = ["*.shop.svc.cluster.local"] }
  allow web to cluster { tcp = any }
  allow job to cluster {}
  allow db to others { udp = ["1-79"] }
  allow db to self { tcp = any }
}
