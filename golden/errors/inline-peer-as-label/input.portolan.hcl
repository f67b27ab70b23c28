allow cidr("10.0.0.0/8") to cluster { tcp = [80] } # want P1106 "An inline peer is no label"
