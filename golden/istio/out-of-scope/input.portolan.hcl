# What a mesh alone does not govern is one counted warning.
cluster {
  dns {
    node_local = ["169.254.20.10"]
  }
}
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" { labels = { app = "api" } }
  workload "old" {
    labels = { app = "old" }
    mesh   = false
  }
  allow web to world { tcp = [443] }
  allow web to dns { udp = [53] }
  allow web to api {
    tcp  = [8080]
    udp  = [9000]
    sctp = [9000]
  }
  allow web to old { tcp = [8080] }
  allow "all" {
    from = [anywhere]
    to   = [web]
  }
}
