namespace "shop" {
  dns = true
  workload "web" {
    labels = {
      app = "web"
      app = "api" # want P1105 "The key \"app\" is set twice."
    }
    mtls_ports = {
      80   = "permissive"
      "80" = "disable" # want P1105 "The key \"80\" is set twice."
    }
  }
  allow cluster to web {
    tcp = [80]
    tcp = [81] # want P1105 "The argument \"tcp\" is set twice."
  }
  allow world to web {
    tcp = [80]
    http = [{ headers = { "X-A" = "1", "x-a" = "2" } }] # want P1105 "The header \"x-a\" is set twice."
  }
}
namespace "shop" {
  dns = false # want P1105 "The argument \"dns\" of namespace \"shop\" is set twice."
}
