# A deny before the rules that keep DNS reachable cuts it off; where that is meant, dns = false says so.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" {
    labels = { app = "db" }
    dns    = false
  }
  allow web to db { tcp = [5432] }
  allow db to web { tcp = [443] }
}

tier "guard" {
  order = 10
  deny shop to dns { # want P2115 "cuts DNS off for shop/web."
    udp = [53]
  }
}
