# gRPC is a POST to the method's path.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "api" {
    labels = { app = "api" }
    ports  = { grpc = { port = 9000, protocol = "grpc" } }
  }
  allow web to api {
    tcp  = ["grpc"]
    grpc = ["shop.Orders/Place", "shop.Catalogue/*"]
  }
}
