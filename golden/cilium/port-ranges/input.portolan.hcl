# Ranges have an end port. More than 40 entries fall into rules of 40.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "ftp" { labels = { app = "ftp" } }
  allow web to ftp { tcp = [21, "30000-30100"] }
  allow "many" {
    from = [ftp]
    to   = [web]
    tcp  = [for i in range(45) : 8001 + 2 * i]
  }
}
