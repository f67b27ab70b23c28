# Without the host firewall, policies of nodes are passed over, so that none is rendered; nor is what a proxy would have to read.
nodes "workers" {
  labels       = { "node-role.kubernetes.io/worker" = "" }
  default_deny = "both" # want P4031 "host firewall"
}

nodes "zone" { labels = { "topology.kubernetes.io/zone" = "a" } }

allow world to workers { tcp = [22] } # want P4031 "host firewall"
allow world to zone { tcp = [23] }    # want P4101 "leaves the node label"

allow "fetch" { # want P4004 "names that nodes ask for"
  from = [workers]
  to   = [fqdn("example.com")]
  tcp  = [443]
}
