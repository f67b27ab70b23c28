# A deny of the world, or of everybody, stops no probes: they come from addresses
# that the CNI has no other word for than those of the world.
cluster {
  pod_cidrs     = ["10.244.0.0/16"]
  service_cidrs = ["10.96.0.0/16"]
  node_cidrs    = ["10.10.0.0/24"]
}

namespace "shop" {
  allow self to shop { tcp = [8080] }
  deny world to shop { udp = [53] }
  deny anywhere to shop { tcp = ["70-72"] }
}
