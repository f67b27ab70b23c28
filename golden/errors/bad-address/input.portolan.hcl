external "x" { cidrs = ["10.0.0.0/33", "010.0.0.0/8"] } # want P1309 "\"10.0.0.0/33\" is no address range." want P1309 "\"010.0.0.0/8\" is no address range."
allow x to cluster { tcp = [443] }
cluster { api_server = ["api.example.com"] } # want P1309 "\"api.example.com\" is no address range."
allow "inline" {
  from = [cidr("10.0.0")] # want P1309 "\"10.0.0\" is no address range."
  to   = [cluster]
}
