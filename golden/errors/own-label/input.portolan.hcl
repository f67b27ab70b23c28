namespace "tenant" {
  for_each = toset(["a", "b"])
  workload "web" { labels = { app = "web" } }
  allow tenant to web { tcp = [80] } # want P1203 "\"tenant\" does not say which element"
  allow web to "tenant.web" { tcp = [80] } # want P1203 "\"tenant\" does not say which element"
  allow self to web { tcp = [80] }
}
