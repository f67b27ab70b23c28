# What is outside the cluster: ranges with exceptions, or names.
external "office" {
  description = "two sites, without the guests' networks"
  cidrs       = ["198.51.100.0/24", "2001:db8:1::/48"]
  except      = ["198.51.100.192/26"]
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }

  allow office to web { tcp = [443] }
  allow web to office { tcp = [8443] }
}
