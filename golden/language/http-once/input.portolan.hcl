# A restriction stands once: where the destination's ingress is closed, else at the
# source's egress; where neither is closed, it restricts nothing, and a warning says so.
namespace "closed" {
  workload "a" { labels = { app = "a" } }
  workload "b" { labels = { app = "b" } }
  allow a to b {
    tcp  = [80]
    http = ["GET /b"]
  }
}

namespace "open" {
  default_deny = "none"
  workload "c" { labels = { app = "c" } }
  workload "d" { labels = { app = "d" } }
  allow c to d {
    tcp  = [80]
    http = ["GET /d"]
  }
}

allow "closed.a" to "open.c" {
  tcp  = [80]
  http = ["GET /c"]
}
