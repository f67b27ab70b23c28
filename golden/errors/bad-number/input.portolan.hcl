tier "a" { order = 0 } # want P1314 "order is a whole number from 1 to 999999."
tier "b" { order = 1000000 } # want P1314 "order is a whole number"
tier "c" { order = 1.5 } # want P1314 "order is a whole number"
cluster {
  dns { port = 0 } # want P1314 "port is a whole number from 1 to 65535."
}
