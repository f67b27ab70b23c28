# Where every allow goes by identity, plaintext gets nothing, and a deny by identity holds without strict mutual TLS.
namespace "shop" {
  workload "job" {
    labels          = { app = "job" }
    service_account = "job"
  }
  workload "api" { labels = { app = "api" } }
  allow self to api { tcp = [8080] }
  deny job to api { tcp = [8080] }
}
