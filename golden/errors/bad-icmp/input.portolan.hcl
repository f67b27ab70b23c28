allow cluster to cluster {
  icmp   = [256, 3.5] # want P1305 "\"256\" is no ICMP type." want P1305 "\"3.5\" is no ICMP type."
  icmpv6 = ["echo", "1/256"] # want P1305 "\"echo\" is no ICMP type." want P1305 "\"1/256\" is no ICMP type."
}
