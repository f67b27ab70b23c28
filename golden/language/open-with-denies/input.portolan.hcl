# In an open namespace allows change nothing and denies do: nothing gets closed
# that the intent leaves open.
namespace "lab" {
  default_deny = "none"
  workload "a" { labels = { app = "a" } }
  workload "b" { labels = { app = "b" } }

  allow a to b { tcp = [80] }
  deny others to b { tcp = [22] }
  deny b to a {}
}
