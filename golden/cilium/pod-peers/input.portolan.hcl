# Peers always name their namespace, their own too: workloads, inline pods, groups.
namespace "shop" {
  workload "web" { labels = { app = "web", tier = "front" } }
  workload "api" { labels = { app = "api" } }
  allow web to api { tcp = [8080] }
  allow "tools" {
    from = [tools, pods({ job = "migrate" })]
    to   = [api]
    tcp  = [9000]
  }
  allow api to self { tcp = [7946] }
}

namespace "ops" {
  managed = false
  workload "backup" { labels = { app = "backup" } }
  workload "probe" { labels = { app = "probe" } }
}

group "tools" { members = [ops.backup, ops.probe] }
