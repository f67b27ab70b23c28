namespace "shop" {
  workload "api" {
    labels = { app = "api" }
    ports  = { http = 8080, admin = 9000 }
  }
  workload "db" { labels = { app = "db" } }
  offers {
    to   = [api]
    from = [jobs]
    tcp  = ["http"]
    http = ["GET /catalogue/**"]
  }
  offers {
    to   = [api]
    from = [others]
    tcp  = [8443, "8445-8450"]
  }
  allow api to db { tcp = [5432] }
}
namespace "jobs" {
  workload "import" { labels = { app = "import" } }
  allow import to "shop.api" { tcp = ["http"] } # want P2013 "opens namespace \"shop\""
  allow import to "shop.db" { tcp = [5432] }    # want P2013 "shop/db"
  allow "range" {                               # want P2013 "8444"
    from = [import]
    to   = [shop.api]
    tcp  = [8444]
  }
  allow "within" { # two offers together
    from = [import]
    to   = [shop.api]
    tcp  = [8443, 8446]
  }
}
namespace "web" {
  workload "front" { labels = { app = "front" } }
  allow front to "shop.api" { # want P2013 "GET /catalogue"
    tcp  = [8080]
    http = ["GET /catalogue/**"]
  }
}
allow front-office to shop { tcp = [8443] } # want P2013 "opens namespace"
allow "everything" {                        # want P2013 "opens namespace"
  from = [jobs]
  to   = [anywhere]
  tcp  = [80]
  at   = "both"
}
tier "first" {
  order = 10
  allow jobs to "shop.db" { tcp = [1] } # want P2013 "db"
}
deny world to "shop.db" {}
external "front-office" { cidrs = ["192.0.2.0/24"] }
