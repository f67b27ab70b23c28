# More ranges of a family than a rule takes are a network set, which selectors of pods
# never select: beside the policy, or for a global policy a global one.
cluster {
  pod_cidrs  = ["10.244.0.0/16"]
  node_cidrs = ["10.0.0.0/24"]
}
external "feed" { cidrs = concat([for i in range(300) : "198.51.${floor(i / 128)}.${i * 2 % 256}/32"], ["2001:db8::/32"]) }
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to feed { tcp = [443] }
}
deny feed to cluster {}
