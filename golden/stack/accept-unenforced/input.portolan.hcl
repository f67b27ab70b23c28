# "unenforced" goes without what is no verdict: mutual TLS, logs, staged rules.
namespace "shop" {
  mtls = "strict"
  workload "web" { labels = { app = "web" } }
  workload "api" {
    labels     = { app = "api" }
    mtls_ports = { 9187 = "permissive" }
  }

  allow web to api {
    tcp = [8080]
    log = true
  }
  deny web to api {
    name = "no-ssh"
    tcp  = [22]
    mode = "staged"
  }
}

target "plain" {
  cni = "kubernetes"
  accept "unenforced" {
    lacks  = ["mtls"]
    rules  = ["shop", "shop/api"] # what states it
    reason = "until the mesh is here"
  }
  accept "unenforced" {
    lacks  = ["log"]
    rules  = ["shop/web->api"]
    reason = "flows are logged elsewhere"
  }
  accept "unenforced" {
    lacks  = ["staged"]
    rules  = ["shop/no-ssh"]
    reason = "a target without previews"
  }
}
