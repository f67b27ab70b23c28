namespace "shop.web" {} # want P1108 "\"shop.web\" is no name for a namespace."
namespace "Shop" {} # want P1108 "no name of a namespace in Kubernetes"
namespace "store" { name = "my_store" } # want P1108 "\"my_store\" is no name of a namespace"
namespace "tenant" {
  for_each = toset(["a b"]) # want P1108 "\"a b\" is no name of a namespace"
}
external "-x" { fqdns = ["example.com"] } # want P1108 "\"-x\" is no name for an external"
namespace "ok" {
  workload "w" { service_account = "a b" } # want P1108 "no name of a service account"
  allow w to "-x" { name = "a/b" } # want P1108 "\"a/b\" is no name for a rule."
}
cluster {
  exempt       = ["Kube-system"] # want P1108 "\"Kube-system\""
  trust_domain = "Cluster.Local" # want P1108 "no trust domain"
}
