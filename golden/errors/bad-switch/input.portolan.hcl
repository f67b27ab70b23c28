cluster {
  switches = {
    named_ports   = true  # want P1128 "\"true\" is no value of named_ports: it takes own, wider, none"
    host_firewall = "yes" # want P1301 "host_firewall is true or false; this is a string"
    sctp          = null  # want P1301 "sctp is true or false"
    end_port      = off   # want P1301 "end_port is true or false"
  }
}
target "a" {
  cni      = "kubernetes"
  switches = { named_ports = wider } # want P1012 "named_ports is a string"
}
target "b" {
  cni      = "kubernetes"
  switches = [] # want P1301 "switches is a map"
}
