# A rule between pods and nodes by their labels stands at both ends, as far as
# exceptions leave nodes there. Of all nodes it stands at the pods' end alone.
nodes "workers" {
  labels       = { pool = ["a", "b"] }
  default_deny = "egress"
  mode         = "staged"
}
nodes "drained" { labels = { pool = "b" } }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "agent" { labels = { app = "agent" } }

  allow web to nodes { tcp = [9100] }
  allow workers to web { tcp = [8080] }
  allow "scrape" {
    from      = [agent]
    to        = [workers]
    except_to = [drained]
    tcp       = [9100]
  }
  allow "but-workers" {
    from   = [nodes, world]
    except = [workers]
    to     = [web]
    tcp    = [8081]
  }
  deny drained to self { tcp = [22] }
}
target "kubernetes" { cni = "kubernetes" }
