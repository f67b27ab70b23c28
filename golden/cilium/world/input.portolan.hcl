# world is the entity, which has both families; less something it is ranges of both with exceptions.
external "office" { cidrs = ["198.51.100.0/24", "2001:db8:1::/48"] }

namespace "shop" {
  workload "web" { labels = { app = "web" } }
  allow world to web { tcp = [443] }
  allow "rest-of-world" {
    from      = [web]
    to        = [world]
    except_to = [office]
    tcp       = [443]
  }
}
