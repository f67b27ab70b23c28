portolan { use = ["../../language/use-platform", "../../language/use-tenants"] }
namespace "platform" { managed = false } # want P1104 "is declared here"
external "mail" { cidrs = ["192.0.2.25"] }
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow web to mail { tcp = [587] }            # want P1202 "mail"
  allow web to "external.mail" { tcp = [588] } # want P1202 "external.mail"
  allow web to monitoring { tcp = [80] }       # want P1201 "monitoring"
  allow web to crm { tcp = [80] }              # want P1202 "crm"
  allow web to "external.crm" { tcp = [80] }
  allow web to "crm.sync" { tcp = [80] }
  allow web to "platform.nobody" { tcp = [80] }   # want P1202 "platform.nobody"
  allow web to "tenant[\"c\"].api" { tcp = [80] } # want P1201 "no element \"c\""
  allow web to "tenant.apis" { tcp = [80] }       # want P1201 "no workload \"apis\""
}
