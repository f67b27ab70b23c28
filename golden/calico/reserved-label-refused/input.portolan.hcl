# Calico overwrites this pod label, so a selector on it would mean something else.
namespace "shop" {
  workload "web" { labels = { "projectcalico.org/namespace" = "elsewhere" } }
  workload "db" { labels = { app = "db" } }
  allow web to db { tcp = [5432] }
}
