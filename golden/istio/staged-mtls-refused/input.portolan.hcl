# Mutual TLS has no dry run: it would be enforced beside rules that are not.
namespace "shop" {
  mtls = "strict"
  workload "api" {
    labels     = { app = "api" }
    mtls_ports = { 9187 = "permissive" }
  }
  allow self to api { tcp = [8080] }
}
target "trial" {
  mesh = "istio"
  mode = "staged"
}
