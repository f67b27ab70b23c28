# What the platform team runs for everybody, and what holds for everybody. Tiers are
# ClusterNetworkPolicies, which no NetworkPolicy of a team can undo.
namespace "monitoring" {
  workload "prometheus" { labels = { app = "prometheus" } }

  workload "push-gateway" {
    labels = { app = "push-gateway" }
    ports  = { push = 9091, admin = 9092 }
  }

  offers {
    description = "jobs that end before they are scraped push their numbers"
    from        = [cluster]
    to          = [push-gateway]
    tcp         = ["push"]
  }

  allow cluster to push-gateway {
    tcp = ["push"]
    at  = "destination" # the senders' ends are their teams'
  }
}

tier "observability" {
  description = "no team can lock the monitoring out"
  order       = 100

  allow "scrape" {
    from      = ["monitoring.prometheus"]
    to        = [cluster]
    except_to = [monitoring] # which offers more and less than that
    tcp       = [9102]
  }
}

tier "guardrails" {
  description = "no team can open these"
  order       = 200

  deny "metadata" {
    description = "instance credentials are not for pods"
    from        = [cluster]
    to          = [instance-metadata]
    tcp         = [80]
  }

  deny "telnet" {
    from = [cluster]
    to   = [cluster]
    tcp  = [23]
  }
}

external "instance-metadata" { cidrs = ["169.254.169.254/32"] }

cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.10.0.0/22"]
}

target "production" {
  cni      = "kubernetes"
  switches = { cluster_network_policy = true } # the API and a CNI that enforces it
}
