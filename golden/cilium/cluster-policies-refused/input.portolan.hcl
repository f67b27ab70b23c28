# DNS that a tier accepts does not pass Cilium's proxy, which learns the addresses of names there; and no policy sees some labels.
tier "platform" {
  order = 100
  allow "resolves" {
    from = [shop]
    to   = [dns]
    udp  = [53]
  }
  deny "one-replica" { # want P4101 "leaves the pod label"
    from = [pods({ "statefulset.kubernetes.io/pod-name" = "db-0" }, any)]
    to   = [shop]
    tcp  = [80]
  }
}

external "api" { fqdns = ["api.example.com"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to api { tcp = [443] } # want P4004 "accepts DNS before"
}
