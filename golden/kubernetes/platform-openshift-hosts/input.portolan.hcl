# A selector of every namespace has the one that stands for the nodes' network.
namespace "openshift-host-network" { managed = false }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow others to web {
    tcp    = [8080]
    except = ["openshift-host-network"]
  }
}

target "ocp" {
  cni = "openshift-ovn"
}
