# Namespaces that are not declared cannot be closed: a policy reaches its own namespace only.
cluster { # want P4101 "namespaces that are not declared"
  default_deny = "both"
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow self to web { tcp = [8080] }
}
