# A selector has at most 1024 characters, and what labels are not cannot be parted.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow long {
    from = [namespaces({ team = not([for i in range(100) : "a-team-with-a-name-${i}"]...) })]
    to   = [web]
    tcp  = [80]
  }
}
