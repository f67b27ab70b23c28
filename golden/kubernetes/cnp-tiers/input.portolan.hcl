# Tiers are policies of the tier Admin, at the priorities that their orders say.
tier "platform" {
  order = 100
  allow "scrapes" {
    description = "Prometheus sees every workload"
    from        = [monitoring.prometheus]
    to          = [shop]
    tcp         = [9090]
  }
}

tier "security" {
  order = 200
  deny "no-monitoring" {
    from = [monitoring]
    to   = [cluster]
  }
  deny "no-telnet" {
    from = [cluster]
    to   = [cluster]
    tcp  = [23]
  }
}

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow others to web { tcp = [8080] }
}

namespace "monitoring" {
  managed = false
  workload "prometheus" { labels = { app = "prometheus" } }
}

target "cnp" {
  cni      = "kubernetes"
  switches = { cluster_network_policy = true }
}
