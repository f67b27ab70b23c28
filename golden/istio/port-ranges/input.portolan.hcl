# Ranges are listed port by port, or as the few ports that are missing.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" { labels = { app = "api" } }
  allow web to api { tcp = ["9000-9004", 8080] }
  allow "all-but-ssh" {
    from = [web]
    to   = [web]
    tcp  = ["1-21", "23-65535"]
  }
}
