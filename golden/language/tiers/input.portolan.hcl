# Tiers decide in the order of their numbers, before the rules outside tiers.
# In a tier a deny beats an allow; a pass leaves the rest to what comes later.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  workload "db" { labels = { app = "db" } }

  allow web to api { tcp = [8080] }
  allow api to db { tcp = [5432] }
}

external "abuse" { cidrs = ["192.0.2.0/24"] }

cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.10.0.0/24"]
}

tier "platform" {
  order = 200

  deny world to "shop.db" { tcp = [5432] }
}

tier "security" {
  order = 100

  deny abuse to cluster {}
}
