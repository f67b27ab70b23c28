# self is the policy's namespace, others every namespace but it.
namespace "shop" {
  workload "api" { labels = { app = "api" } }
  allow self to api { tcp = [8080] }
  allow others to api { tcp = [8443] }
}
