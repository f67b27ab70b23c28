# Workloads selected by account; a dot in an account's name was compared wrongly by some patch releases before 1.30.
namespace "shop" {
  workload "api" { labels = { app = "api" } }
  workload "web" { service_account = "web" }
  workload "issuer" { service_account = "cert-manager.io" }
  allow "clients" {
    from = [web, issuer]
    to   = [api]
    tcp  = [8080]
  }
}
