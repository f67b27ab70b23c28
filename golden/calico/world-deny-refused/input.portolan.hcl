# A deny of the world needs the facts: leaving ranges out would deny less.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  deny web to world {}
}
