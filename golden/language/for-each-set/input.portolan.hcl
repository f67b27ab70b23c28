# Over a set, a namespace is called like its element unless the block says else.
namespace "stage" {
  for_each = toset(["dev", "test"])

  workload "app" {
    labels = { app = "app", stage = each.key }
    ports  = { http = 8080 }
  }

  allow self to app { tcp = ["http"] }
}
