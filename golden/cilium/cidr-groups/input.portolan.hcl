# Many ranges are a CiliumCIDRGroup, named by what it holds, which every rule for the same addresses shares. Exceptions are taken
# out of its ranges, and pods and nodes are never among them.
locals {
  odd = [for i in range(20) : "198.51.100.${i * 8}/30"]
}

external "partners" {
  cidrs  = concat(local.odd, [for i in range(16) : "203.0.113.${i * 16}/29"])
  except = ["203.0.113.2/32"]
}

external "few" { cidrs = ["192.0.2.0/24"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow partners to web { tcp = [443] }
  allow api to partners { tcp = [443] }
  deny few to web { tcp = [443] }
}
