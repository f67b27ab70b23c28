# A label's value: a string, one of several, any, absent, or anything but.
namespace "shop" {
  workload "web" {
    labels = {
      app     = "web"
      env     = ["prod", "stage"]
      release = any
      canary  = absent
      zone    = not("eu-9", "us-9")
    }
  }
  workload "db" { labels = { app = "db" } }

  allow web to db { tcp = [5432] }
}
