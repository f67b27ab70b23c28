# A type of ICMP with one code.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }

  allow web to api {
    icmp   = ["3/4", "3/13", 11]
    icmpv6 = ["1/3", 2]
  }
  deny web to api {
    name = "echo"
    icmp = ["8/0"]
  }

  test "what routers say of the path arrives" {
    allow web to api { icmp = ["3/4"] }
    deny web to api {
      icmp   = ["3/5"]
      icmpv6 = ["1/0"]
    }
  }
}
