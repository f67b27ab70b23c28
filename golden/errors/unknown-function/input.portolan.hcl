locals {
  a = uper("x") # want P1401 "There is no function \"uper\"."
  b = file("x") # want P1401 "There is no function \"file\"."
}
allow cluster to cluster { tcp = [local.a, local.b, tcp(80)] } # want P1401 "There is no function \"tcp\"."
