namespace "shop" {
  workload "web" { labels = { app = "web" } }
  offers { to = ["jobs.import"] }           # want P1116 "jobs.import"
  offers { to = [cluster] }                 # want P1116 "cluster"
  offers { to = [everyone] }                # want P1116 "everyone"
  offers { from = [fqdn("a.example.com")] } # want P1204 "known by DNS name"
  offers {
    to   = [web, self, shop, pods({ app = "x" })]
    http = ["GET /"] # want P1307 "restricts tcp"
  }
  offers { at = "source" } # want P1102 "at"
}
namespace "jobs" {
  workload "import" { labels = { app = "import" } }
}
namespace "teams" {
  match = { team = any }
  offers { tcp = [80] } # want P1110 "offer nothing"
}
group "everyone" { members = [shop.web, world] }
