# Addresses with exceptions: one rule for each family.
external "partner" {
  cidrs  = ["198.51.100.0/24", "203.0.113.0/25", "2001:db8::/32"]
  except = ["198.51.100.128/26", "2001:db8:1::/48"]
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to partner { tcp = [443] }
  allow partner to web { tcp = [8443] }
}
