# nodes is the pod's own node and all others.
namespace "shop" {
  workload "agent" { labels = { app = "agent" } }
  allow nodes to agent { tcp = [9100] }
  allow agent to nodes { tcp = [10250] }
}
