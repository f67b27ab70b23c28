# A deny holds at the end that is closed, so it needs nothing at the end that is open.
namespace "shop" {
  workload "db" { labels = { app = "db" } }
  allow cluster to db {
    tcp = [5432]
    at  = "destination"
  }
  deny lab to db {}
}

namespace "lab" {
  default_deny = "none"
}
