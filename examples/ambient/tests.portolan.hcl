namespace "parcels" {
  test "the events are read by one service, at one port" {
    allow tracking to events { tcp = [5432] }
    deny "everybody-else" {
      from   = [cluster, world]
      except = [tracking]
      to     = [events]
      tcp    = [5432]
    }
    deny tracking to events { tcp = [22] }
  }

  test "who is outside the mesh gets no further than the edge" {
    allow "depots.scanners" to intake { tcp = [7000] }
    allow "monitoring.prometheus" to web { tcp = [9102] }
    deny "no-further" {
      from = [depots, monitoring]
      to   = [tracking, events]
    }
    deny depots to web {}
    deny monitoring to intake {}
  }
}
