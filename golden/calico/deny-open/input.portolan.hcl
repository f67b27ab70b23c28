# Pods that nothing closes go on after a deny: tier default would deny the rest.
external "abuse" { cidrs = ["192.0.2.0/24"] }
namespace "legacy" {
  default_deny = "none"
  workload "web" { labels = { app = "web" } }
  deny abuse to web {}
}
