# The language page's accept block: the rule is rendered without its requests.
namespace "shop" {
  workload "frontend" { labels = { tier = "frontend" } }
  workload "backend" { labels = { tier = "backend" } }

  allow frontend to backend {
    tcp  = [8080]
    http = ["GET /api/**", "POST /api/orders"]
  }
}

target "legacy" {
  cni = "kubernetes"

  accept "widened" {
    lacks  = ["http"]
    rules  = ["shop/frontend->backend"]
    reason = "nginx filters methods until the mesh is in"
    until  = "2027-03-31"
  }
}
