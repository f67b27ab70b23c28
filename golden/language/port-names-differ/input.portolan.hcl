# Two workloads that one pod can match must not give a name two numbers.
namespace "shop" {
  workload "api" {
    labels = { app = "api" }
    ports  = { http = 8080 }
  }
  workload "canary" {
    labels = { track = "canary" }
    ports  = { http = 8081 }
  }

  allow self to api { tcp = ["http"] }
  allow self to canary { tcp = ["http"] }
}
