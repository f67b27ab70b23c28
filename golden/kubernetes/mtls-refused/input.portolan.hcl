# Policies know addresses, not certificates.
namespace "shop" {
  mtls = "strict" # want P4010 "not certificates"
  workload "web" { labels = { app = "web" } }
  allow self to web { tcp = [8080] }
}
