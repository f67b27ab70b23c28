# Before 1.19 "**." was read as "*.".
external "mirrors" { fqdns = ["**.debian.org"] }

namespace "shop" {
  dns = false
  workload "build" { labels = { app = "build" } }
  allow build to mirrors { tcp = [443] }         # want P4004 "as one label only"
  allow build to dns { dns = ["**.debian.org"] } # want P4003 "as one label only"
}
