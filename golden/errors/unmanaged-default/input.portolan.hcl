# What is stated of others' namespace closes nothing.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow others to web { tcp = [8080] }
}
namespace "lab" {
  managed      = false
  default_deny = "both" # want P2109 "closes nothing"
}
