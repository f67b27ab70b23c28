allow cluster to cluster {
  udp  = [443]
  http = ["GET"] # want P1307 "http restricts tcp, which the rule does not name."
}
allow nodes to cluster {
  grpc = ["shop.Cart/*"] # want P1307 "grpc restricts tcp"
}
