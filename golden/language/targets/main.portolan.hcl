# Blocks that are there for some targets only.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" {
    labels = { app = "api" }
    ports  = { http = 8080 }
  }
  allow web to api { tcp = ["http"] }
  allow "debug" {
    targets = ["staging"]
    from    = ["tools.shell"]
    to      = [web, api]
    tcp     = any
  }
  deny api to world { targets = ["prod"] }

  test "nobody debugs in production" {
    targets = ["prod"]
    deny "others" {
      from = [others]
      to   = [self]
    }
  }
  test "the shell gets in" {
    targets = ["staging"]
    allow "tools.shell" to api { tcp = [8080] }
  }
}

namespace "tools" {
  targets = ["staging"]
  workload "shell" { labels = { app = "shell" } }
  allow shell to world { tcp = [443] }
}

external "partner" {
  cidrs   = ["192.0.2.0/24"]
  targets = ["prod"]
}

tier "guard" {
  order   = 10
  targets = ["prod"]
  deny partner to "shop.api" {}
}

cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.10.0.0/16"]
}
target "prod" { cni = "calico" }
target "staging" { cni = "kubernetes" }
