# gRPC methods are paths of POST.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "cart" { labels = { app = "cart" } }
  allow web to cart {
    tcp  = [7070]
    grpc = ["shop.v1.Cart/GetCart", "shop.v1.Catalog/*"]
  }
}
