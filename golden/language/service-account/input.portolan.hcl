# Without labels the account selects.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "robot" { service_account = "robot" }

  allow robot to web { tcp = [80] }
  allow web to robot { tcp = [9000] }
}
