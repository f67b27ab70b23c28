# An accept names rules that exist, has not run out, is needed, and says what goes together.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow web to api { # want P4001 "target \"unsuitable\""
    tcp  = [8080]
    http = ["GET /**"]
  }
  allow api to web { tcp = [9090] }
}

target "unknown" {
  cni = "kubernetes"
  accept "widened" {
    lacks  = ["http"]
    rules  = ["shop/web->api", "shop/web->apo"] # want P3101 "There is no rule \"shop/web->apo\"."
    reason = "nginx filters methods"
  }
}

target "expired" {
  cni = "kubernetes"
  accept "widened" {
    lacks  = ["http"]
    rules  = ["shop/web->api"]
    reason = "nginx filters methods"
    until  = "2026-05-31" # want P3102 "ran out"
  }
}

target "needless" {
  cni = "kubernetes"
  accept "widened" {
    lacks  = ["http", "dns"] # want P3103 "lacks no \"dns\""
    rules  = ["shop/web->api"]
    reason = "nginx filters methods"
    until  = "2026-06-01"
  }
}

target "unsuitable" {
  cni = "kubernetes"
  accept "unenforced" {
    lacks  = ["http"] # want P3104 "cannot be accepted as \"unenforced\""
    rules  = ["shop/web->api"]
    reason = "nginx filters methods"
  }
}
