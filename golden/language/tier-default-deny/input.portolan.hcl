# With default = "deny" the tier closes the subjects of its rules, per direction:
# here the vault's ingress and the clients' egress, but for what they need of DNS.
namespace "vault" {
  workload "server" { labels = { app = "vault" } }
}

namespace "shop" {
  workload "api" { labels = { app = "api" } }
  allow api to "vault.server" { tcp = [8200] }
}

tier "secrets" {
  order   = 300
  default = "deny"

  allow "shop.api" to "vault.server" { tcp = [8200] }
  pass "shop.api" to dns {
    tcp = [53]
    udp = [53]
  }
}
