# Denies outside tiers stand in a tier that closes nothing, so that other people's policies decide the rest for open pods.
external "abuse" { cidrs = ["192.0.2.0/24"] }
namespace "legacy" {
  default_deny = "none"
  workload "web" { labels = { app = "web" } }
  deny abuse to web {}
}
