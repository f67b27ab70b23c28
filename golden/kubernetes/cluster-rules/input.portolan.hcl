# A rule for every namespace becomes an object in each that is closed; open ones need none.
allow monitoring to cluster { tcp = [9090] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow self to web { tcp = [8080] }
}

namespace "blog" {
  default_deny = "egress"
}

namespace "monitoring" { managed = false }
