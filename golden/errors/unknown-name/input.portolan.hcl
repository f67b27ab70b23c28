namespace "shop" {
  workload "frontend" { labels = { app = "frontend" } }
  workload "backend" { labels = { app = "backend" } }
  allow fronted to backend { tcp = [80] } # want P1201 "There is no \"fronted\" in namespace \"shop\" or at top level."
  allow frontend to "shop.database" { tcp = [80] } # want P1201 "There is no workload \"database\" in namespace \"shop\"."
  allow "lists" {
    from = [workload.front] # want P1201 "There is no workload \"front\"."
    to   = [external.stripe] # want P1201 "There is no external \"stripe\"."
  }
  allow "shop/frontend" to backend { tcp = [80] } # want P1201 "\"shop/frontend\" is no name of a peer"
  allow "pods()" to backend { tcp = [80] } # want P1201 "\"pods()\" is no name of a peer"
  allow "10.0.0.0/8" to "a b[" { tcp = [80] } # want P1201 "\"10.0.0.0/8\" is no name" want P1201 "no name of a peer"
  allow cluster to "cluster.backend" { tcp = [80] } # want P1201 "There is nothing in \"cluster\"."
}
allow frontend to "shop.backend" { tcp = [80] } # want P1201 "There is no \"frontend\" at top level."
namespace "tenant" {
  for_each = toset(["a", "b"])
  workload "web" { labels = { app = "web" } }
}
allow "more" {
  from = [tenant["c"], tenant["a"].wbe, shop["a"]] # want P1201 "no element \"c\"" want P1201 "There is no workload \"wbe\"" want P1201 "has no elements"
  to   = [local.peers, var.peers] # want P1201 "There is no local \"peers\"." want P1201 "There is no variable \"peers\"."
}
