# What closes pods is staged no more than a rule.
namespace "shop" { # want P4012 "audits a whole endpoint, by a setting"
  mode = "staged"
  workload "web" { labels = { app = "web" } }
}
