# The policy that closes the cluster stands in the mesh's root namespace, whose own gateways it would close.
cluster {
  default_deny = "ingress" # want P4102 "istio-system"
}
