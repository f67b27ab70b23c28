# What no team can undo: this tier is decided before the teams' rules.
tier "security" {
  description = "kept by the security team"
  order       = 100

  deny abuse to cluster {
    description = "addresses that attacked us"
  }

  deny cluster to abuse {
    description = "and nothing of ours calls them"
  }

  deny "cloud-metadata" {
    description = "instance credentials are not for pods"
    from        = [cluster]
    to          = [metadata]
    tcp         = [80]
  }
}

external "abuse" {
  description = "from the blocklist of the week"
  cidrs       = ["192.0.2.0/24", "203.0.113.0/24", "2001:db8:bad::/48"]
}

external "metadata" { cidrs = ["169.254.169.254/32"] }
