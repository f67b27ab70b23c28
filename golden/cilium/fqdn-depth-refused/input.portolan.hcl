# Before 1.19 "**." was read as "*.".
external "mirrors" { fqdns = ["**.debian.org"] }

namespace "shop" {
  workload "build" { labels = { app = "build" } }
  allow build to mirrors { tcp = [443] } # want P4004 "as one label only"
  allow "ask" {
    from = [build]
    to   = [dns]
    dns  = ["**.debian.org"] # restricts nothing beside the namespace's DNS, and is refused all the same
  }
}
