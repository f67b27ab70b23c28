# self is the namespace's name; others are everybody with an identity of another namespace.
namespace "shop" {
  mtls = "strict"
  workload "api" { labels = { app = "api" } }
  allow self to api { tcp = [8080] }
  allow others to api { tcp = [8443] }
}
