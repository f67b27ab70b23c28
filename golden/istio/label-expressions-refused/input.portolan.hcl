# A policy's selector compares labels with values, and nothing else.
namespace "shop" {
  workload "web" {
    labels          = { app = "web" }
    service_account = "web"
  }
  allow "unlabelled" { # want P4101 "no such comparison"
    from = [web]
    to   = [pods({ canary = absent })]
    tcp  = [8080]
  }
  allow "but-web" { # want P4101 "no such comparison"
    from      = [web]
    to        = [self]
    except_to = [web]
    tcp       = [9090]
  }
}
