# AKS has Cilium's rules by request and by name with its networking services
# only.
external "mail" { fqdns = ["smtp.example.com"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow web to api {
    tcp  = [8080]
    http = ["GET /items"]
  }
  allow api to mail { tcp = [587] }
  allow api to dns {
    udp = [53]
    dns = ["smtp.example.com"]
  }
}

target "aks" {
  cni = "aks-cilium"
}

target "acns" {
  cni      = "aks-cilium"
  switches = { fqdn_rules = true, http_rules = true }
}
