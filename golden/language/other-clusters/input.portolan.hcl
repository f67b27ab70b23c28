# Pods of other clusters are peers. Rules stand at the end that is here.
namespace "payments" {
  cluster = "west"
  workload "ledger" { labels = { app = "ledger" } }
}
namespace "shop-elsewhere" {
  name    = "shop"
  cluster = any
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }

  allow web to "payments.ledger" { tcp = [8443] }
  allow shop-elsewhere to web { tcp = [8080] }
  allow "but-shops" {
    from   = [anywhere]
    except = [shop-elsewhere]
    to     = [web]
    tcp    = [9090]
  }
  deny payments to self { tcp = [22] }
}
target "cilium" {
  cni      = "cilium"
  switches = { cluster_mesh = true, cluster_name = "east" }
}
