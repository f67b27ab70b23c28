nodes "workers" { labels = { pool = "workers" } }
nodes "workers" { labels = { pool = "others" } } # want P1104 "The set of nodes \"workers\" is declared twice."
nodes "idle" { labels = { pool = "idle" } }      # want P1205 "The set of nodes \"idle\" is never used."
nodes "any" { labels = { pool = any } }          # want P1109 "reserved"
nodes "closed" {
  labels       = { pool = "closed" }
  default_deny = "egress"
}
nodes "none" {} # want P1103 "has no \"labels\""
nodes "empty" {
  labels = {} # want P1302 "labels selects nothing"
}
external "edge" { cidrs = ["192.0.2.0/24"] }
nodes "edge" { labels = { pool = "edge" } }

group "machines" { members = [nodes.workers, "nodes.edge", external.edge, none, empty] }

allow workers to "nodes.worker" { tcp = [80] }  # want P1201 "There is no set of nodes \"worker\"."
allow machines to "workers.one" { tcp = [80] }  # want P1201 "There is no"
allow machines to "nodes.edge.x" { tcp = [80] } # want P1201 "There is nothing in the set of nodes \"edge\"."
allow edge to workers { tcp = [80] }            # want P1202 "is the name of more than one thing"
