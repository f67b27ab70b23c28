external "x" { fqdns = ["api.*.example.com"] } # want P1308 "\"api.*.example.com\" is no DNS name."
allow cluster to x { tcp = [443] }
allow cluster to dns {
  udp = [53]
  dns = ["https://example.com"] # want P1308 "\"https://example.com\" is no DNS name."
}
allow "inline" {
  from = [cluster]
  to   = [fqdn("example..com")] # want P1308 "\"example..com\" is no DNS name."
}
