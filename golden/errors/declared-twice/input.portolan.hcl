external "x" { fqdns = ["example.com"] }
external "x" { fqdns = ["example.org"] } # want P1104 "The external \"x\" is declared twice."
cluster {}
cluster {} # want P1104 "two cluster blocks"
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  test "same" {
    deny world to web {}
  }
  test "same" { # want P1104 "The test \"same\" is declared twice."
    deny world to web {}
  }
}
namespace "shop" {
  workload "web" { labels = { app = "other" } } # want P1104 "The workload \"web\" is declared twice."
}
namespace "store" { name = "shop" } # want P1104 "shop and store are the same namespace"
tier "a" { order = 5 }
tier "b" { order = 5 } # want P1104 "have the same order"
locals { n = 1 }
locals { n = 2 } # want P1104 "The local \"n\" is declared twice."
variable "v" { default = local.n } # want P1402 "A default is a constant"
variable "v" {} # want P1104 "The variable \"v\" is declared twice."
allow cluster to x { tcp = [local.n, var.v] }
