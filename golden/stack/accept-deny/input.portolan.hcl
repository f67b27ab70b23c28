# A deny that the target lacks: going without it is wider.
namespace "lab" {
  default_deny = "none"
  workload "a" { labels = { app = "a" } }
  workload "b" { labels = { app = "b" } }

  deny a to b { tcp = [22] }
}

target "plain" {
  cni = "kubernetes"
  accept "widened" {
    lacks  = ["deny"]
    rules  = ["lab/a->b"]
    reason = "nobody logs in there"
  }
}
