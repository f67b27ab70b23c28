namespace "monitoring" {
  workload "prometheus" {
    labels      = { "app.kubernetes.io/name" = "prometheus" }
    ports       = { web = 9090 }
    description = "scrapes everybody"
  }

  workload "grafana" {
    labels = { "app.kubernetes.io/name" = "grafana" }
    ports  = { web = 3000 }
  }

  # The only opening that stands in other teams' namespaces: it names one sender
  # and a port by its name, whatever number a team has given it.
  allow prometheus to cluster {
    description = "metrics of every declared workload with a port of that name"
    tcp         = ["metrics"]
    at          = "both"
  }

  allow prometheus to apiserver {
    description = "finding what there is to scrape"
    tcp         = [6443]
  }

  allow grafana to prometheus { tcp = ["web"] }
}
