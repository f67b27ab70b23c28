namespace "shop" {
  managed = "yes" # want P1301 "managed is true or false; this is a string."
  labels  = ["a"] # want P1301 "labels is a map; this is a list."
  workload "web" {
    labels = {
      app     = true  # want P1301 "The value of app is a string"
      version = 1.10 # want P1301 "The value of version is a string"
    }
  }
  workload "api" {
    labels = { app = { name = "api" } } # want P1301 "The value of app is a string"
    mesh   = 1 # want P1301 "mesh is true or false"
  }
  allow web to api { tcp = 80 } # want P1301 "tcp is a list; this is a number."
  allow "peers" {
    from = web # want P1301 "from is a list; this is a peer."
    to   = [[api], 5, any] # want P1301 "to has peers; this is a list." want P1301 "to has peers; this is a number." want P1301 "to has peers; this is the word any."
    tcp  = [true, absent] # want P1301 "A port is a number or a string" want P1301 "this is the word absent"
    http = [80] # want P1301 "A request is a string or a map"
    icmp = [web] # want P1301 "An ICMP type is a number or a string; this is a peer."
  }
}
namespace "tenant" {
  for_each = ["a", "b"] # want P1301 "for_each is a set of strings or a map; this is a list."
}
tier "t" { order = "first" } # want P1301 "order is a number; this is a string."
group "g" { members = [pods(any), namespaces({ a = not(["x"]) })] } # want P1301 "The first argument of pods is labels" want P1301 "not takes strings"
allow cluster to g {}
