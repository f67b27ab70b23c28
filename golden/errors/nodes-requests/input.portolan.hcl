nodes "workers" { labels = { pool = "workers" } }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "open" {
    labels       = { app = "open" }
    default_deny = "none"
  }

  allow web to workers { # want P2016 "nothing could read it"
    tcp  = [9100]
    http = ["GET /metrics"]
  }
  allow workers to web { # read at the receiver's closed ingress
    tcp  = [8080]
    http = ["GET /health"]
  }
  allow workers to open { # want P2016 "nothing could read it"
    tcp  = [8080]
    http = ["GET /health"]
  }
  allow workers to dns { # want P2016 "nothing could read it"
    dns = ["example.com"]
  }
}
