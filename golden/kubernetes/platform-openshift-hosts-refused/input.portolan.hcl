# A selector of every namespace has the one that stands for the nodes' network.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow others to web { tcp = [8080] }
}

target "ocp" {
  cni = "openshift-ovn"
}

target "without" {
  cni      = "openshift-ovn"
  switches = { host_network_namespace = false }
}
