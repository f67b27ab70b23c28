# Names that other configurations know by `use`. Nothing here needs them.
external "mail" { cidrs = ["203.0.113.25"] }
external "office" { cidrs = ["198.51.100.0/24"] }
group "staff" { members = [office] }
namespace "search" { labels = { team = "search" } }
