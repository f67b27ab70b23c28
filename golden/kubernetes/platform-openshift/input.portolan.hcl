# OpenShift has its DNS elsewhere, and on another port.
cluster {
  default_deny = "none"
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [5432] }
  allow web to dns { udp = any }
}

target "ocp" {
  cni = "openshift-ovn"
}

target "ocp-own-port" {
  cni = "openshift-ovn"
  dns { port = 5454 }
}

target "plain" {
  cni = "kubernetes"
}
