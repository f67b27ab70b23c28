# A name of a block that is not on a target means nobody there.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow web to cache { tcp = [6379] } # want P2116 "left out on target \"us\""
  allow callers to api { tcp = [8080] }
  deny web to others {
    except_to = ["search.index"] # without it more is denied, and nothing more let through
    tcp       = [9300]
  }
}
namespace "search" {
  targets = ["eu"]
  workload "index" { labels = { app = "index" } }
  allow "shop.web" to index { tcp = [9200] }
}
external "cache" {
  cidrs   = ["192.0.2.9"]
  targets = ["eu"]
}
external "office" { cidrs = ["198.51.100.0/24"] }
group "callers" { members = ["search.index", office] }

target "eu" { cni = "kubernetes" }
target "us" { cni = "kubernetes" }
