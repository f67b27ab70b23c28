# anywhere is the entity all; less pods it is everything of every kind.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "admin" { labels = { app = "admin" } }
  allow anywhere to web { tcp = [80] }
  allow "but-pods" {
    from   = [anywhere]
    except = [cluster]
    to     = [admin]
    tcp    = [8443]
  }
}
