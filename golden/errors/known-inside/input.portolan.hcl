issuer "auth" {
  issuer   = "https://auth.example.com"
  jwks_uri = "https://auth.example.com/keys"
}
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "open" {
    labels       = { app = "open" }
    default_deny = "egress"
  }
  allow web to open {
    tcp = [8080]
    jwt = "auth" # want P2017 "which token a request has"
  }
  allow "out" {
    from   = [web]
    to     = [world]
    tcp    = [443]
    client = ["203.0.113.0/24"] # want P2017 "where the client was"
  }
  allow "source" {
    from = [open]
    to   = [web]
    tcp  = [8080]
    jwt  = "auth" # want P2017 "which token a request has"
    at   = "source"
  }
  deny "anywhere" {
    from = [web]
    to   = [anywhere]
    tcp  = any
    jwt  = "auth" # want P2017 "which token a request has"
  }
}
