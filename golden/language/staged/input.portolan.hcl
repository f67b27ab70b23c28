# A staged rule reports and decides nothing: Calico has kinds of its own for it.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }

  allow web to api { tcp = [8080] }
  deny web to api {
    name = "no-ssh"
    tcp  = [22]
    mode = "staged"
  }
}
