# Every pod of every namespace is closed, but the DNS namespace, what opens itself,
# and what says for itself.
cluster {
  default_deny = "both"
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow web to api { tcp = [8080] }
}

namespace "lab" {
  default_deny = "none"
}

allow lab to "shop.web" { tcp = [80] }
