# Parcels on their way. What talks inside the namespace is in the mesh: the nodes'
# proxies wrap it into mutual TLS, and the CNI sees none of the ports.
namespace "parcels" {
  description = "where a parcel is, and who asked"
  mtls        = "strict"

  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
    ports           = { https = 8443, metrics = 9102 }
    mtls_ports      = { 8443 = "permissive", 9102 = "permissive" } # neither customers nor Prometheus have certificates
  }

  workload "intake" {
    labels          = { app = "intake" }
    service_account = "intake"
    ports           = { scans = 7000 }
    mtls_ports      = { 7000 = "permissive" } # nor have depots
  }

  workload "tracking" {
    labels          = { app = "tracking" }
    service_account = "tracking"
    ports           = { api = 8080 }
  }

  workload "events" {
    labels          = { app = "events" }
    service_account = "events"
    ports           = { postgres = 5432 }
  }

  allow world to web {
    description = "customers"
    tcp         = ["https"]
  }

  allow "depots.scanners" to intake {
    description = "every scan of every parcel"
    tcp         = ["scans"]
  }

  allow "tracking" {
    description = "where is my parcel, and where was it scanned"
    from        = [web, intake]
    to          = [tracking]
    tcp         = ["api"]
  }

  allow tracking to events {
    description = "the parcel's history"
    tcp         = ["postgres"]
  }

  allow tracking to "depots.scanners" {
    description = "asks a depot about a parcel that got stuck"
    tcp         = ["query"]
  }

  allow tracking to carriers {
    description = "parcels that others carry"
    tcp         = [443]
  }

  allow "monitoring.prometheus" to web {
    description = "metrics, in the clear"
    tcp         = ["metrics"]
  }
}

external "carriers" { cidrs = ["198.51.100.0/25"] }
