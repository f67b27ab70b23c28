# Rules and a default govern nodes by their labels.
nodes "workers" {
  labels       = { "node-role.kubernetes.io/worker" = any }
  default_deny = "ingress"
}
nodes "gateways" { labels = { role = "gateway" } }

external "bastion" { cidrs = ["198.51.100.7/32"] }

namespace "shop" {
  workload "agent" { labels = { app = "agent" } }

  allow agent to workers {
    tcp = [9100]
    at  = "destination"
  }
}

allow apiserver to workers { tcp = [10250] }
allow bastion to workers { tcp = [22] }
allow "overlay" {
  from   = [workers, gateways]
  to     = [workers]
  except = [gateways]
  udp    = [8472]
}
deny gateways to world { tcp = [25] }

tier "guard" {
  order = 10
  deny world to workers {
    tcp    = [10250]
    except = [bastion]
  }
}
tier "routing" {
  order   = 20
  default = "deny"
  allow nodes to gateways { tcp = [179] }
}

target "cilium" {
  cni      = "cilium"
  switches = { host_firewall = true, node_selector_labels = true }
}
