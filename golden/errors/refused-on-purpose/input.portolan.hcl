module "shop" {} # want P1107 "There are no \"module\" blocks"
namespace "shop" {
  workload "web" {
    count  = 3 # want P1107 "There is no \"count\""
    labels = { app = "web" }
  }
  dynamic "allow" {} # want P1107 "There are no \"dynamic\" blocks"
  allow cluster to web {
    for_each = [80] # want P1107 "There is no for_each in a rule"
    tcp      = [80]
  }
}
