# A target of which everything is staged: the rules, and what closes namespaces and
# the subjects of a tier. No policy decides anything until the mode goes.
target "trial" {
  cni  = "calico"
  mode = "staged"
}
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.0.0.0/24"]
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [5432] }
  deny db to web {}
}
tier "guard" {
  order   = 10
  default = "deny"
  allow "shop.web" to "shop.db" { tcp = [5432] }
  allow "shop.web" to dns {
    udp = [53]
    tcp = [53]
  }
}
