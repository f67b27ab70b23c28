# A workload's own default closes it alone, in a namespace that is open.
namespace "lab" {
  default_deny = "none"
  workload "vault" {
    labels       = { app = "vault" }
    default_deny = "both"
    dns          = false
  }
  workload "tool" { labels = { app = "tool" } }
  allow tool to vault { tcp = [8200] }
}
