# A deny for the cluster that leaves a part of others' namespace.
external "abuse" { cidrs = ["192.0.2.0/24"] }
namespace "legacy" {
  managed = false
  workload "one" { labels = { app = "one" } }
}
deny "no-abuse" {
  from   = [cluster] # want P2011 "the rest of it could not be governed"
  except = ["legacy.one"]
  to     = [abuse]
}
deny "abuse-in" {
  from      = [abuse]
  to        = [cluster]
  except_to = ["legacy"]
}
