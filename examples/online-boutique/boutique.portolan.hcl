# Online Boutique, Google's demo of eleven microservices:
# https://github.com/GoogleCloudPlatform/microservices-demo
#
# Its Services listen on their pods' ports, but for two that translate: frontend
# (80 to 8080) and emailservice (5000 to 8080). Rules name pods' ports.
namespace "boutique" {
  description = "a web shop in eleven services"

  workload "frontend" {
    labels          = { app = "frontend" }
    service_account = "frontend"
  }

  workload "adservice" {
    labels          = { app = "adservice" }
    service_account = "adservice"
  }

  workload "cartservice" {
    labels          = { app = "cartservice" }
    service_account = "cartservice"
  }

  workload "checkoutservice" {
    labels          = { app = "checkoutservice" }
    service_account = "checkoutservice"
  }

  workload "currencyservice" {
    labels          = { app = "currencyservice" }
    service_account = "currencyservice"
  }

  workload "emailservice" {
    labels          = { app = "emailservice" }
    service_account = "emailservice"
  }

  workload "paymentservice" {
    labels          = { app = "paymentservice" }
    service_account = "paymentservice"
  }

  workload "productcatalogservice" {
    labels          = { app = "productcatalogservice" }
    service_account = "productcatalogservice"
  }

  workload "recommendationservice" {
    labels          = { app = "recommendationservice" }
    service_account = "recommendationservice"
  }

  workload "shippingservice" {
    labels          = { app = "shippingservice" }
    service_account = "shippingservice"
  }

  workload "loadgenerator" {
    labels          = { app = "loadgenerator" }
    service_account = "loadgenerator"
  }

  # Redis runs under the namespace's default account; it calls nobody, so that
  # no rule needs to know it by one.
  workload "redis-cart" { labels = { app = "redis-cart" } }
}
