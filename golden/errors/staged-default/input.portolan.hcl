# Staged rules let nothing through, so their namespace must not be closed.
namespace "shop" {
  mode = "staged" # want P2009 "would be enforced"
  workload "web" { labels = { app = "web" } }
  allow others to web { tcp = [8080] }
}
