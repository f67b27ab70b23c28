namespace "shop" {
  waypoint = "not a name" # want P1108 "no name of a waypoint"

  workload "web" {
    labels   = { app = "web" }
    ports    = { http = 8080 }
    services = {} # want P1302 "selects nothing"
  }
  workload "api" {
    labels = { app = "api" }
    ports  = { http = 8080 }
    services = {
      api     = { 80 = "htp" }        # want P1304 "no port of the workload"
      front   = { http = 8080 }       # want P1304 "no port of a Service"
      "a b"   = 8080                  # want P1108 "no name of a Service"
      nothing = {}                    # want P1302 "selects nothing"
      twice   = { 80 = 8080, 81 = 0 } # want P1304 "no port"
    }
  }
  allow web to api { tcp = ["http"] }
}

cluster {
  mesh_metrics = ["shop"] # want P1301 "no workload"
}
