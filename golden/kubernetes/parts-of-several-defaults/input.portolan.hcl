# Some pods of a namespace are closed by one default and others by another: what
# the rules and both defaults say of the same pods is one policy.
namespace "shop" {
  workload "named" {
    labels       = { app = any }
    default_deny = "ingress"
  }
  workload "api" {
    labels       = { app = "api" }
    default_deny = "egress"
  }
  allow "everybody" {
    from = [shop]
    to   = [world]
    tcp  = [443]
  }
  allow "one" {
    from = [api]
    to   = [world]
    tcp  = [8443]
  }
}

cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.10.0.0/24"]
}
