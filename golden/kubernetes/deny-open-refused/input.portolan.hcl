# Nothing can be left out of what is allowed where everything is.
external "abuse" { cidrs = ["192.0.2.0/24"] }

namespace "lab" {
  default_deny = "none"
  workload "demo" { labels = { app = "demo" } }
  deny abuse to demo {} # want P4005 "open for ingress"
}
