# Calico reads no DNS queries.
namespace "shop" {
  dns = false
  workload "web" { labels = { app = "web" } }
  allow web to dns {
    udp = [53]
    tcp = [53]
    dns = ["api.stripe.com"]
  }
}
