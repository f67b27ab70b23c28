namespaces "shop" {} # want P1101 "There is no block \"namespaces\""
workload "web" { labels = { app = "web" } } # want P1101 "There is no block \"workload\""
namespace "shop" {
  workload "web" {
    labels { # want P1101 "There is no block \"labels\""
      app = "web"
    }
    service_account = "web"
  }
  external "x" { fqdns = ["example.com"] } # want P1101 "There is no block \"external\""
}
