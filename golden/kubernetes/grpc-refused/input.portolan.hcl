# gRPC methods are requests, which nothing here reads.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow web to api { # want P4002 "every gRPC method"
    tcp  = [9090]
    grpc = ["shop.Orders/Get"]
  }
}
