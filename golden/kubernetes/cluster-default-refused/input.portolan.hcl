# Namespaces that are not declared cannot be closed: a policy reaches its own namespace only.
cluster {
  default_deny = "both" # want P4101 "namespaces that are not declared"
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow self to web { tcp = [8080] }
}
