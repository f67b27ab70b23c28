# What a tier closes is denied last in it. Ingress from what is no pod is closed by a network policy.
cluster {
  dns { node_local = ["169.254.20.10/32"] }
}

tier "pci" {
  order   = 300
  default = "deny"
  allow "till" {
    from = [shop.web]
    to   = [cards.vault]
    tcp  = [8443]
  }
  pass "own" {
    from = [cards]
    to   = [cards]
  }
}
tier "dns" {
  order = 100
  allow "dns" {
    from = [shop, cards]
    to   = [dns]
    udp  = [53]
    tcp  = [53]
  }
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
}
namespace "cards" {
  default_deny = "none"
  workload "vault" { labels = { app = "vault" } }
}

target "cnp" {
  cni      = "kubernetes"
  switches = { cluster_network_policy = true }
}
