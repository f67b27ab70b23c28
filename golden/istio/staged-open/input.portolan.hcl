# An allow into pods that are open says nothing yet; a deny does, and closes nothing.
namespace "shop" {
  default_deny = "none"
  workload "api" { labels = { app = "api" } }
  allow "later" {
    from = [anywhere]
    to   = [api]
    tcp  = [8080]
    mode = "staged"
  }
  deny "soon" {
    from = [cidr("203.0.113.0/24")]
    to   = [api]
    tcp  = [22]
    mode = "staged"
  }
}
