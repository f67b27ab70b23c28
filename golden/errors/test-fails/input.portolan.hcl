# A test is proved for every flow that it describes, of the intent and of each target after what it accepts.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" {
    labels = { app = "api" }
    ports  = { http = 8080 }
  }
  workload "db" { labels = { app = "db" } }

  allow web to api {
    tcp  = ["http"]
    http = ["GET /orders/**"]
  }
  allow api to db { tcp = [5432] }

  test "orders are only read" {
    allow web to api {
      tcp  = [8080]
      http = ["GET /orders/*"]
    }
    deny web to api { # want P7101 "on target \"legacy\": a flow is allowed"
      tcp  = [8080]
      http = ["DELETE /orders/**"]
    }
  }

  test "the database is private" {
    deny web to db {}
    deny api to db { udp = any }
    deny api to db { tcp = [1024, 5432] } # want P7101 "does not hold: a flow is allowed" # want P7101 "on target \"legacy\""
    allow api to db { tcp = ["5430-5432"] } # want P7101 "does not hold: a flow is not allowed" # want P7101 "on target \"legacy\": a flow is not allowed"
  }
}

target "legacy" {
  cni = "kubernetes"

  accept "widened" {
    lacks  = ["http"]
    rules  = ["shop/web->api"]
    reason = "until the mesh is in"
  }
}
