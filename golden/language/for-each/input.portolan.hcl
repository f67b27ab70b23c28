# The block stands once for each element. Inside, names are this element's.
namespace "tenant" {
  for_each = {
    acme   = { plan = "gold" }
    globex = { plan = "iron" }
  }
  name   = "t-${each.key}"
  labels = { plan = each.value.plan }

  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }

  allow web to db { tcp = [5432] }
  deny others to db { tcp = [5432] }
}

namespace "shared" {
  workload "mail" { labels = { app = "mail" } }
  workload "audit" { labels = { app = "audit" } }
}

# Outside, the label means all of them, an index one, and a workload of one.
allow tenant to "shared.mail" { tcp = [25] }

allow "gold" {
  from = [tenant["acme"].web]
  to   = [shared.audit]
  tcp  = [443]
}

allow "auditors" {
  from = [shared.audit]
  to   = [tenant["globex"]]
  tcp  = [9000]
}
