namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow cluster to web { tcp = [80] }
  allow cluster to web { tcp = [81] } # want P1112 "Two rules have the address shop/cluster->web."
  deny cluster to web { # want P1112 "Two rules have the address shop/cluster->web."
    tcp = [82]
  }
  deny cluster to web {
    name = "no-admin"
    tcp  = [83]
  }
  deny "no-admin" { # want P1112 "shop/no-admin"
    from = [cluster]
    to   = [web]
  }
  test "in a test, addresses do not matter" {
    deny world to web {}
    deny world to web { tcp = [80] }
  }
}
