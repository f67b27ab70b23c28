# Who calls whom.
namespace "boutique" {
  allow anywhere to frontend {
    description = "users, by way of the load balancer of frontend-external"
    tcp         = [8080]
    at          = "destination"
  }

  allow loadgenerator to frontend {
    description = "users that are not people"
    tcp         = [8080]
    at          = "source" # the frontend is open to everybody already
  }

  allow frontend to adservice { tcp = [9555] }
  allow frontend to cartservice { tcp = [7070] }
  allow frontend to checkoutservice { tcp = [5050] }
  allow frontend to currencyservice { tcp = [7000] }
  allow frontend to productcatalogservice { tcp = [3550] }
  allow frontend to recommendationservice { tcp = [8080] }
  allow frontend to shippingservice { tcp = [50051] }

  allow checkoutservice to cartservice { tcp = [7070] }
  allow checkoutservice to currencyservice { tcp = [7000] }
  allow checkoutservice to emailservice { tcp = [8080] }
  allow checkoutservice to paymentservice { tcp = [50051] }
  allow checkoutservice to productcatalogservice { tcp = [3550] }
  allow checkoutservice to shippingservice { tcp = [50051] }

  allow recommendationservice to productcatalogservice { tcp = [3550] }

  allow cartservice to redis-cart {
    description = "the carts themselves"
    tcp         = [6379]
  }
}
