# A deny is taken out of the allows of pods that are closed: of their peers, or of their ports.
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["192.168.10.0/24"]
}

external "abuse" { cidrs = ["192.0.2.0/24"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  workload "batch" { labels = { app = "batch" } }
  allow world to web { tcp = [443] }
  deny abuse to web {}
  allow self to db { tcp = ["5000-6000"] }
  deny batch to db { tcp = [5432] }
}
