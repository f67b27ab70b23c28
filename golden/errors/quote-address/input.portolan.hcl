external "office" { cidrs = [192.0.2.0/24] } # want P1012 "An address needs quotes: 192.0.2.0/24"
allow office to cluster { tcp = [80] }
