# One pod can match both workloads: the stricter statement holds for it.
namespace "shop" {
  default_deny = "none"
  workload "lax" {
    labels       = { app = "api" }
    default_deny = "none"
  }
  workload "strict" {
    labels       = { pci = "yes" }
    default_deny = "both"
  }
  allow lax to strict { tcp = [8443] }
}
