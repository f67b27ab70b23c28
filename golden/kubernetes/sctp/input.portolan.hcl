# SCTP has ports as TCP has.
namespace "telco" {
  workload "mme" { labels = { app = "mme" } }
  workload "hss" { labels = { app = "hss" } }
  allow mme to hss { sctp = [3868, "36412-36422"] }
}
