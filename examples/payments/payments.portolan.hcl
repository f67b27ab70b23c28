# Taking orders and charging cards. Only one service talks to the card processor,
# by its DNS name, and only to that.
namespace "payments" {
  description = "orders, stock and charges"

  workload "gateway" {
    labels      = { "app.kubernetes.io/name" = "gateway" }
    ports       = { http = 8080 }
    description = "the only way in"
  }

  workload "order" {
    labels = { "app.kubernetes.io/name" = "order" }
    ports  = { http = 8080, metrics = 9090 }
  }

  workload "inventory" {
    labels = { "app.kubernetes.io/name" = "inventory" }
    ports  = { http = 8080, metrics = 9090 }
  }

  workload "payment" {
    labels = { "app.kubernetes.io/name" = "payment" }
    ports  = { https = 8443, metrics = 9090 }
  }

  workload "ledger" {
    labels      = { "app.kubernetes.io/name" = "ledger", "app.kubernetes.io/component" = "database" }
    ports       = { postgres = 5432 }
    description = "what was charged, and to whom"
  }

  allow "ingress.controller" to gateway {
    description = "customers, by way of the ingress controller"
    tcp         = ["http"]
  }

  allow gateway to order {
    description = "placing an order and following it"
    tcp         = ["http"]
  }

  allow order to inventory {
    description = "reserving what was ordered"
    tcp         = ["http"]
  }

  allow order to payment {
    description = "charging for an order"
    tcp         = ["https"]
  }

  allow payment to ledger {
    description = "recording a charge"
    tcp         = ["postgres"]
  }

  allow payment to card-processor {
    description = "the charge itself"
    tcp         = [443]
  }

  # One rule for many sources and many destinations takes the long form.
  allow "scrape" {
    description = "Prometheus reads everybody's metrics"
    from        = ["monitoring.prometheus"]
    to          = [order, inventory, payment]
    tcp         = ["metrics"]
  }
}
