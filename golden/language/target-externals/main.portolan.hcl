# An external with another address on some targets.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to db { tcp = [5432] }
  allow web to mail { tcp = [587] }
}
external "db" {
  cidrs  = ["198.51.100.0/24"]
  except = ["198.51.100.7"]
}
external "mail" { cidrs = ["203.0.113.25"] }
target "eu" { cni = "cilium" }
target "us" {
  cni = "cilium"
  external "db" {
    description = "the replica"
    cidrs       = ["192.0.2.0/28", "192.0.2.32/28"]
    except      = ["192.0.2.1"]
  }
  external "mail" { fqdns = ["mail.example.com"] }
}
