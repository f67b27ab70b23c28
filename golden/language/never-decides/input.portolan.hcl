# Several rules together can leave another nothing to decide, though none of them does alone.
namespace "shop" {
  workload "web" { labels = { app = "web" } }
  workload "api" { labels = { app = "api" } }
  allow web to api { tcp = ["8000-8100"] } # want P2114 "\"guard/shop->shop.api\" and \"guard/shop.web->shop.api\" decide before it"
  allow "some-open" {
    from = [web]
    to   = [api]
    tcp  = ["8050-8150"]
  }
}

tier "guard" {
  order = 10
  deny shop to "shop.api" { tcp = ["8000-8049"] }
  deny "shop.web" to "shop.api" { tcp = ["8050-8100"] }
}
