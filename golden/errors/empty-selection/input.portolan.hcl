locals { nothing = [] }
namespace "shop" {
  workload "web" { labels = {} } # want P1302 "labels selects nothing."
  workload "api" { labels = { app = [] } } # want P1302 "The value of app selects nothing."
  workload "db" { labels = { app = null } } # want P1302 "The value of app selects nothing."
  allow web to api { tcp = [] } # want P1302 "tcp selects nothing."
  allow web to db { tcp = null } # want P1302 "tcp selects nothing."
  allow "from" {
    from = [for x in local.nothing : x] # want P1302 "from selects nothing."
    to   = [db, pods({})] # want P1302 "pods selects nothing."
    tcp  = [80]
    http = [{}, { paths = [] }] # want P1302 "http selects nothing." want P1302 "paths selects nothing."
  }
}
external "x" { cidrs = [] } # want P1302 "cidrs selects nothing."
group "g" { members = local.nothing } # want P1302 "members selects nothing."
namespace "none" { for_each = {} }
allow none to x {} # want P1302 "has no elements"
allow cluster to g {}
target "eu" {
  cni = "cilium"
  accept "widened" {
    lacks  = []  # want P1302 "lacks selects nothing."
    rules  = ["x"]
    reason = " " # want P1302 "The reason is empty."
  }
}
