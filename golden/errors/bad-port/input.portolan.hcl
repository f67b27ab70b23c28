namespace "shop" {
  workload "web" {
    labels     = { app = "web" }
    ports      = { HTTP = 80, http = "80-81" } # want P1304 "\"HTTP\" is no name of a port." want P1304 "no single port"
    mtls_ports = { 70000 = "strict" } # want P1304 "\"70000\" is no port of the workload."
  }
  allow cluster to web {
    tcp = [
      0,           # want P1304 "0 is no port."
      65536,       # want P1304 "65536 is no port."
      80.5,        # want P1304 "80.5 is no port."
      "8080-8000", # want P1304 "\"8080-8000\" is no port"
      "8080/tcp",  # want P1304 "\"8080/tcp\" is no port."
      "any",       # want P1304 "\"any\" in quotes"
      "My-Port",   # want P1304 "\"My-Port\" is no port."
    ]
  }
}
