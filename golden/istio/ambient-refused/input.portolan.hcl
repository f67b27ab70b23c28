# ztunnel reads no requests and has no dry run.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels = { app = "api" }
    ports = {
      http = { port = 8080, protocol = "http" }
      grpc = { port = 9000, protocol = "grpc" }
    }
  }
  allow web to api { # want P4001 "ztunnel"
    tcp  = ["http"]
    http = ["GET /"]
  }
  allow "calls" { # want P4002 "ztunnel"
    from = [web]
    to   = [api]
    tcp  = ["grpc"]
    grpc = ["shop.Orders/Place"]
  }
  allow "later" { # want P4012 "dry run"
    from = [web]
    to   = [api]
    tcp  = [9090]
    mode = "staged"
  }
}
