# gRPC methods: one, or all of a service.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  workload "cart" {
    labels          = { app = "cart" }
    service_account = "cart"
    ports           = { grpc = { port = 9000, protocol = "grpc" } }
  }

  allow web to cart {
    tcp  = ["grpc"]
    grpc = ["shop.v1.Cart/Get", "shop.v1.Admin/*"]
  }
}
