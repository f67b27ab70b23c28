locals {
  long   = format("%100000000d", 1) # want P1402 "Error in function call"
  factor = 1e999999 # want P1002 "The number is out of range."
  row    = [for i in range(1000) : i]
  table  = [for i in local.row : local.row] # want P1002 "The value takes more than"
  cube   = [for i in local.row : local.table]
}
external "x" { fqdns = [local.long, local.factor, local.cube[0][0][0], "example.com"] }
allow cluster to x {}
