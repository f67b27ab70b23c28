# Ports cannot stand beside a Service, so a rule with ports needs the address.
namespace "shop" {
  workload "operator" { labels = { app = "operator" } }
  allow operator to apiserver { tcp = [6443] }
}
