# A deny for everybody spares the pod's own node, whose probes nothing may deny: Cilium's host deny would win over its own exception.
namespace "shop" {
  default_deny = "none"
  workload "vault" { labels = { app = "vault" } }
  deny anywhere to vault { tcp = [8201] }
  deny nodes to vault { tcp = [8202] }
  deny vault to anywhere { udp = any }
}
