# A name that is no label is escaped, with a hash of the address, so that no two names meet.
namespace "shop" {
  workload "Web_Front" { labels = { app = "a" } }
  workload "web-front" { labels = { app = "b" } }
  allow others to Web_Front { tcp = [80] }
  allow others to web-front { tcp = [80] }
}
