# SCTP ports.
namespace "core" {
  workload "amf" { labels = { app = "amf" } }
  workload "gnb" { labels = { app = "gnb" } }
  allow gnb to amf { sctp = [38412] }
}
