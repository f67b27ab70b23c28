# A namespace that is to be closed: its default is staged, and one of its rules is
# enforced already. A policy for that allow would close its pods now, so that it is
# staged with the default.
namespace "shop" {
  mode = "staged"
  workload "web" { labels = { app = "web" } }
  workload "db" { labels = { app = "db" } }
  allow web to db {
    tcp  = [5432]
    mode = "enforce"
  }
}
