# Denies beat allows and never close anything: enableDefaultDeny is off for their direction.
external "abuse" { cidrs = ["192.0.2.0/24"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow world to web { tcp = [443] }
  deny abuse to web { tcp = [443] }
  allow self to db { tcp = [5432] }
  deny web to db { tcp = [5432] }
}

namespace "open" {
  default_deny = "none"
  workload "cache" { labels = { app = "cache" } }
  deny world to cache {}
}
