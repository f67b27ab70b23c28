# As a source the API server is the Service's endpoints, whatever the ports, where its
# address is not stated.
namespace "shop" {
  workload "webhook" { labels = { app = "webhook" } }
  allow apiserver to webhook { tcp = [8443] }
}
