namespace "cluster" {} # want P1109 "\"cluster\" is reserved"
external "world" { fqdns = ["example.com"] } # want P1109 "\"world\" is reserved"
namespace "shop" {
  workload "dns" { labels = { app = "dns" } } # want P1109 "\"dns\" is reserved"
  workload "web" {
    labels = { app = "web" }
    ports  = { any = 80 } # want P1109 "\"any\" is reserved"
  }
  allow web to dns { udp = [53] }
}
group "var" { members = ["shop"] } # want P1109 "\"var\" is reserved"
