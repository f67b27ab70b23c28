# What would let more through without the name.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow "shell" {
    from   = [cluster]
    to     = [api]
    tcp    = [8080]
    except = ["debug.shell"] # want P2012 "not on target \"us\": nobody would be taken out"
  }
  allow "namespace" {
    from   = [cluster]
    to     = [api]
    tcp    = [8081]
    except = [debug] # want P2012 "namespace \"debug\""
  }
  deny partner to self {} # want P2012 "external \"partner\""
}
namespace "debug" {
  targets = ["eu"]
  workload "shell" { labels = { app = "shell" } }
}
external "partner" {
  cidrs   = ["192.0.2.0/24"]
  targets = ["eu"]
}
target "eu" { cni = "cilium" }
target "us" { cni = "cilium" }
