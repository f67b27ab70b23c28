# What is staged is in Calico's staged kinds, at the order that it would have. db's
# allow from web holds today; the one from job and the denies only would.
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.0.0.0/24"]
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "job" { labels = { app = "job" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [5432] }
  allow job to db {
    tcp  = [5432]
    mode = "staged"
  }
  deny web to job {
    tcp  = [9000]
    mode = "staged"
  }
}
tier "guard" {
  order = 10
  deny abuse to cluster { mode = "staged" }
}
external "abuse" { cidrs = ["192.0.2.0/24"] }
